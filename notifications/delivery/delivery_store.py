"""SQL of deliveries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.columns import UtcDateTime
from chassis.db.sql import batch, insert_groups
from notifications.channels.delivery_results import DeliveryResult
from notifications.delivery import receipts_store
from notifications.models import Delivery, Notification, PostUpdate
from notifications.texts import Content
from users.contract import Channel

POST_DELETED = "the post was deleted"  # why a delivery was cancelled

# The ids of notifications about deleted posts.
ABOUT_DELETED_POSTS = (
    select(Notification.id).join(PostUpdate, PostUpdate.post_id == Notification.source).where(PostUpdate.text.is_(None))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that one sender may attempt until the lease ends; `attempt` counts from 1."""

    id: int
    notification_id: str
    user_id: str
    attempt: int
    channels_forced: bool


def create(
    session: Session,
    channel: Channel,
    users: Mapping[str, Sequence[str]],
    *,
    channels_forced: bool,
    urgent: bool = False,
) -> None:
    """Create due deliveries of notifications to their users by a channel. Existing ones are not changed."""
    now = clock.now()
    values = {
        "channel": channel,
        "chosen": channels_forced,
        "urgent": urgent,
        "status": "pending",
        "attempts": 0,
        "due_at": now,
        "updated_at": now,
    }
    insert_groups(session, Delivery, ("notification_id", "user_id"), users, values)


def any_due(session: Session, channel: str, *, urgent: bool = False) -> bool:
    """Return whether a delivery, urgent or another, is due, or the lease of a claim has ended."""
    first = session.connection().scalar(_first_due(urgent=urgent), {"of_channel": channel, "now": clock.now()})
    return first is not None


def claim(session: Session, channel: str, limit: int, lease: float, *, urgent: bool = False) -> list[Claim]:
    """Claim due deliveries, urgent or all others, for `lease` seconds, oldest first.

    Their status is `sending` from the commit on.
    """
    now = clock.now()
    due = _due("pending", urgent=urgent).params(of_channel=channel, now=now)
    change = (
        update(Delivery)
        .where(Delivery.id.in_(batch(due, limit)))
        .values(
            status="sending",
            attempts=Delivery.attempts + 1,
            due_at=now + timedelta(seconds=lease),
            updated_at=now,
        )
        .returning(*_CLAIM)
    )
    claims = (Claim(*row) for row in session.execute(change, execution_options=_CORE))
    return sorted(claims, key=lambda claim: claim.id)


def renew(session: Session, claims: Sequence[Claim], lease: float) -> None:
    """Let claims end in `lease` seconds, except those that another sender has taken over.

    One statement, which waits for no lock: a locked row is being recorded, and must not wait for others.
    """
    held = tuple_(Delivery.id, Delivery.attempts).in_([(claim.id, claim.attempt) for claim in claims])
    query = select(Delivery.id).where(Delivery.status == "sending", held)
    change = update(Delivery).where(Delivery.id.in_(batch(query, len(claims))))
    until = clock.now() + timedelta(seconds=lease)
    session.execute(change.values(due_at=until), execution_options=_CORE)


def expired_claims(session: Session, channel: str, limit: int, *, urgent: bool = False) -> list[Claim]:
    """Return claims whose lease has ended: their sender crashed, was stopped, or had no database."""
    due = _due("sending", urgent=urgent).params(of_channel=channel, now=clock.now())
    query = select(*_CLAIM).where(Delivery.id.in_(batch(due, limit)))
    return [Claim(*row) for row in session.execute(query)]


def record(session: Session, results: Sequence[tuple[Claim, DeliveryResult]]) -> None:
    """Store the results of claims. A result is ignored if another sender has claimed the delivery since."""
    if not results:
        return
    provider_ids = [result.provider_id for _, result in results if result.provider_id]
    if provider_ids:
        receipts_store.lock(session, shared=False)
    change = (
        update(Delivery)
        .where(Delivery.id == bindparam("claimed"), Delivery.attempts == bindparam("attempt"))
        .where(or_(Delivery.status == "sending", Delivery.status == "unknown"))
    )
    session.connection().execute(change, [_values(claim, result) for claim, result in results])
    if provider_ids:  # their receipts may have arrived already
        receipts_store.apply(session, provider_ids)


def cancel(session: Session, notification_id: str, reason: str) -> None:
    """Cancel the pending deliveries of a notification; claimed ones continue."""
    pending = update(Delivery).where(Delivery.notification_id == notification_id, Delivery.status == "pending")
    values = {"status": "cancelled", "due_at": None, "last_error": reason, "updated_at": clock.now()}
    session.execute(pending.values(values), execution_options=_CORE)


def for_notification(session: Session, notification_id: str, user_id: str | None, limit: int) -> list[Delivery]:
    """Return the deliveries of a notification to one user or, with None, to all, in the order of creation."""
    query = select(Delivery).where(Delivery.notification_id == notification_id)
    if user_id is not None:
        query = query.where(Delivery.user_id == user_id)
    return list(session.scalars(query.order_by(Delivery.id).limit(limit)))


def contents(session: Session, notification_ids: Iterable[str]) -> dict[str, Content]:
    """Return kind, title and message of notifications, by id."""
    query = select(Notification.id, Notification.kind, Notification.title, Notification.message)
    rows = session.execute(query.where(Notification.id.in_(set(notification_ids))))
    return {row.id: Content(row.kind, row.title, row.message) for row in rows}


def about_deleted_posts(session: Session, notification_ids: Iterable[str]) -> set[str]:
    """Return which of these notifications are about a deleted post."""
    return set(session.scalars(ABOUT_DELETED_POSTS.where(Notification.id.in_(set(notification_ids)))))


_CLAIM = (Delivery.id, Delivery.notification_id, Delivery.user_id, Delivery.attempts, Delivery.channels_forced)
_CORE = {"synchronize_session": False}


@cache
def _first_due(*, urgent: bool) -> Select[Any]:
    """Build the statement, which runs every second; cached, because building it costs more than running it."""
    firsts = (_due(status, urgent=urgent).limit(1).scalar_subquery() for status in ("pending", "sending"))
    return select(func.coalesce(*firsts))


def _due(status: str, *, urgent: bool) -> Select[int]:
    """Return the query for deliveries of a status that are due at `now`; `of_channel` is the other parameter.

    They are in the order of the index. Without an order PostgreSQL reads the whole table for the first row, if its
    statistics are from a time when most rows had the status.
    """
    query = select(Delivery.id).where(Delivery.channel == bindparam("of_channel"), Delivery.status == status)
    query = query.where(Delivery.urgent if urgent else ~Delivery.urgent)
    return query.where(Delivery.due_at <= bindparam("now", type_=UtcDateTime)).order_by(Delivery.due_at)


def _values(claim: Claim, result: DeliveryResult) -> dict[str, object]:
    now = clock.now()
    due_at = now + timedelta(seconds=result.delay) if result.status == "pending" else None
    return {
        "claimed": claim.id,
        "attempt": claim.attempt,
        "attempts": claim.attempt - (not result.attempted),
        "status": result.status,
        "due_at": due_at,
        "last_error": result.error,
        "provider_id": result.provider_id,
        "updated_at": now,
    }
