"""Track summaries"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tracks",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("track_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("first_frame", sa.Integer(), nullable=False),
        sa.Column("last_frame", sa.Integer(), nullable=False),
        sa.Column("first_seconds", sa.Double(), nullable=False),
        sa.Column("last_seconds", sa.Double(), nullable=False),
        sa.Column("observations", sa.Integer(), nullable=False),
        sa.Column("mean_confidence", sa.Double(), nullable=False),
        sa.Column("max_confidence", sa.Double(), nullable=False),
        sa.Column("path_pixels", sa.Double(), nullable=False),
        sa.Column("first_x1", sa.Double(), nullable=False),
        sa.Column("first_y1", sa.Double(), nullable=False),
        sa.Column("first_x2", sa.Double(), nullable=False),
        sa.Column("first_y2", sa.Double(), nullable=False),
        sa.Column("last_x1", sa.Double(), nullable=False),
        sa.Column("last_y1", sa.Double(), nullable=False),
        sa.Column("last_x2", sa.Double(), nullable=False),
        sa.Column("last_y2", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name="fk_tracks_task_id_tasks", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "track_id", name="pk_tracks"),
    )
