"""Tasks that go on with what another task left"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as table:
        table.add_column(sa.Column("parent_id", sa.String(length=36), nullable=True))
        table.add_column(sa.Column("root_id", sa.String(length=36), nullable=True))
        table.create_index("ix_tasks_root_id", ["root_id"])


def downgrade() -> None:
    with op.batch_alter_table("tasks") as table:
        table.drop_index("ix_tasks_root_id")
        table.drop_column("root_id")
        table.drop_column("parent_id")
