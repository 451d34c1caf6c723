"""Rules of notifications."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.db.notification_tables import RuleRow


class Rules:
    """`owner` None asks for the operator's own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: RuleRow) -> None:
        """Write a new rule."""
        self._session.add(row)
        self._session.flush()

    def get(self, rule_id: str) -> RuleRow | None:
        """The rule, whoever owns it."""
        return self._session.get(RuleRow, rule_id) if "\0" not in rule_id else None

    def enabled(self, user_id: str | None = None) -> Sequence[RuleRow]:
        """The rules that hear (of this user), oldest first."""
        query = select(RuleRow).where(RuleRow.enabled.is_(True))
        if user_id is not None:
            query = query.where(RuleRow.owner.is_(None) | (RuleRow.owner == user_id))
        return self._session.scalars(query.order_by(RuleRow.id)).all()

    def of(self, owner: str | None) -> Sequence[RuleRow]:
        """One's rules, oldest first."""
        return self._session.scalars(
            select(RuleRow).where(RuleRow.owner.is_not_distinct_from(owner)).order_by(RuleRow.id)
        ).all()

    def list(self) -> Sequence[RuleRow]:
        """Every rule, oldest first."""
        return self._session.scalars(select(RuleRow).order_by(RuleRow.id)).all()

    def count(self, owner: str | None) -> int:
        """How many rules somebody has."""
        query = select(func.count()).where(RuleRow.owner.is_not_distinct_from(owner))
        return self._session.scalar(query) or 0

    def delete(self, row: RuleRow) -> None:
        """Forget the rule; its deliveries stay known and are not sent any more."""
        self._session.delete(row)
