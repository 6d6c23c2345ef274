"""SQL of what SMS leave behind: counts, and reports of their delivery."""

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import advisory_lock, insert_new, upsert
from notifications.channels.delivery_results import Outcome
from notifications.models import Delivery, DeliveryReport, SmsCount

_ALL = "all"
_ALARM = "alarm"
_CORE = {"synchronize_session": False}
_REPORT_TURNS = 4_207_849_486  # any number: the key of PostgreSQL's advisory lock


def total(session: Session, day: date) -> int:
    """Return how many went out on a day, held until the commit: whoever counts takes turns here."""
    insert_new(session, SmsCount, {"day": day, "subject": _ALL, "used": 0})
    query = select(SmsCount.used).where(SmsCount.day == day, SmsCount.subject == _ALL)
    return session.scalars(query.with_for_update()).one()


def used(session: Session, day: date, subjects: Iterable[str]) -> dict[str, int]:
    """Return how many went out on a day by subject; those that are not there had none."""
    query = select(SmsCount.subject, SmsCount.used).where(SmsCount.day == day, SmsCount.subject.in_(list(subjects)))
    return {row.subject: row.used for row in session.execute(query)}


def add(session: Session, day: date, subjects: Collection[str], change: int) -> None:
    """Count one message to each subject, and all of them, up or down."""
    rows = [{"day": day, "subject": subject, "used": change} for subject in subjects]
    if rows:
        rows.append({"day": day, "subject": _ALL, "used": change * len(subjects)})
        statement = upsert(session, SmsCount)
        values = {"used": SmsCount.used + statement.excluded.used}
        keys = [SmsCount.day, SmsCount.subject]
        session.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)


def is_first_alarm(session: Session, day: date) -> bool:
    """Tell whether nobody has raised the alarm of a day yet; from now on somebody has."""
    return insert_new(session, SmsCount, {"day": day, "subject": _ALARM, "used": 1})


def take_report_turn(session: Session, *, alone: bool) -> None:
    """Keep those who store reports and those who record what was sent apart until the commit; SQLite does so anyway.

    Else each might miss what the other has not committed yet. Reports may be stored beside each other.
    """
    advisory_lock(session, _REPORT_TURNS, shared=not alone)


def keep_report(session: Session, provider_id: str, outcome: Outcome) -> bool:
    """Store what a report says of a message; the first one counts. Return whether it is."""
    row = {"provider_id": provider_id, "status": outcome.status, "reason": outcome.error, "created_at": clock.now()}
    return insert_new(session, DeliveryReport, row)


def settle(session: Session, provider_ids: Collection[str]) -> None:
    """Give deliveries that were sent the final status that a report has for them, if there is one."""
    change = (
        update(Delivery)
        .where(Delivery.provider_id == DeliveryReport.provider_id, Delivery.provider_id.in_(provider_ids))
        .where(Delivery.status == "sent")
        .values(status=DeliveryReport.status, last_error=DeliveryReport.reason, updated_at=clock.now())
    )
    session.execute(change, execution_options=_CORE)
