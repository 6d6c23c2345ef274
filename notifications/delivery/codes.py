"""One-time codes as they are sent: with the digits that users gives for each attempt."""

from collections.abc import Iterable

from sqlalchemy import select

from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications import texts
from notifications.channels.delivery_results import DeliveryResult
from notifications.delivery.delivery_store import Claim
from notifications.delivery.destination import Destination
from notifications.models import Notification
from notifications.texts import Content
from users.contract import CodeList, Codes, IssuedCode

NOT_VALID = "the code is not valid any more, or its address may not receive it"  # why a delivery is cancelled


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
