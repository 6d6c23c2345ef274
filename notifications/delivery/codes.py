"""One-time codes: deliveries of their own, ahead of all others, with the digits that users gives for each attempt."""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import insert_new
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import new_id
from chassis.rpc.client import RpcClient
from notifications import texts
from notifications.channels.delivery_results import DeliveryResult
from notifications.delivery.delivery_store import Claim
from notifications.delivery.destination import Destination
from notifications.models import Delivery, Notification
from notifications.texts import Content
from users.contract import CodeIssued, CodeList, Codes, IssuedCode

NOT_VALID = "the code is not valid any more, or its address may not receive it"  # why a delivery is cancelled


def create(session: Session, event: CodeIssued) -> None:
    """Create the delivery of a code, once; nothing that is stored contains the digits."""
    now, notification_id = clock.now(), new_id()
    if event.expires_at <= now:
        return
    content = texts.for_code(event.purpose)
    row = {**asdict(content), "id": notification_id, "source": event.id, "done": True, "created_at": now}
    if insert_new(session, Notification, row):
        session.add(
            Delivery(
                notification_id=notification_id,
                user_id=event.user_id,
                channel=event.channel,
                channels_forced=True,
                status="pending",
                attempts=0,
                due_at=now,
                updated_at=now,
                urgent=True,
            )
        )


class CodeMessages:
    """The codes of one batch of deliveries."""

    def __init__(self, db: UnitOfWork, rpc_client: RpcClient, claims: Iterable[Claim]) -> None:
        self._db = db
        self._rpc_client = rpc_client
        self._notifications = {claim.notification_id for claim in claims}
        self._codes: dict[str, IssuedCode] = {}

    def read(self) -> None:
        """Ask users for the digits and addresses. Raises ServiceError."""
        query = select(Notification.source, Notification.id).where(Notification.id.in_(self._notifications))
        with self._db.read() as session:
            notifications = {row.source or "": row.id for row in session.execute(query)}
        found = self._rpc_client.call("users.codes", Codes(ids=list(notifications)), CodeList)
        self._codes = {notifications[code.id]: code for code in found.items}

    def resolve(self, claim: Claim) -> Destination | str:
        """Return where to send a code, or the reason why it must not be sent."""
        code = self._codes.get(claim.notification_id)
        return NOT_VALID if code is None else Destination(code.username, code.address)

    def content(self, claim: Claim) -> Content:
        """Return the text with the digits."""
        code = self._codes[claim.notification_id]
        return texts.for_code(code.purpose, code.code)

    def check(self, claim: Claim, address: str) -> DeliveryResult | None:  # noqa: ARG002 - as Choices
        """Return None: a batch of codes is read just before it is sent, and one that was replaced does no harm."""
        return None
