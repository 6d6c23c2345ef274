"""Messages whose text and address users gives for each attempt: one-time codes and security notices."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select

from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications import texts
from notifications.channels.delivery_results import DeliveryResult
from notifications.delivery.delivery_store import Claim
from notifications.delivery.destination import Destination
from notifications.models import Notification
from notifications.texts import Content
from users.contract import AccountMessage, CodeList, Codes, SecurityNoticeDetails, SecurityNoticeList, SecurityNotices

NOT_VALID = "the message is not valid any more, or its address may not receive it"  # why a delivery is cancelled

Messages = list[tuple[AccountMessage, Content]]


def _codes(rpc_client: RpcClient, ids: Sequence[str]) -> Messages:
    reply = rpc_client.call("users.codes", Codes(ids=list(ids)), CodeList)
    return [(code, texts.for_code(code.purpose, code.code)) for code in reply.items]


def _security_notices(rpc_client: RpcClient, ids: Sequence[str]) -> Messages:
    reply = rpc_client.call("users.security_notices", SecurityNotices(ids=list(ids)), SecurityNoticeList)
    return [(notice, texts.for_security_notice(notice)) for notice in reply.items]


# By the kind of the notification, whose `source` is the id at users.
_KINDS: dict[str, Callable[[RpcClient, Sequence[str]], Messages]] = {
    texts.CODE: _codes,
    texts.SECURITY: _security_notices,
}


class AccountMessages:
    """The messages of one batch of deliveries."""

    def __init__(self, db: UnitOfWork, rpc_client: RpcClient, claims: Iterable[Claim]) -> None:
        self._db = db
        self._rpc_client = rpc_client
        self._notifications = {claim.notification_id for claim in claims}
        self._messages: dict[str, tuple[AccountMessage, Content]] = {}

    def read(self) -> None:
        """Ask users for the texts and addresses. Raises ServiceError."""
        query = select(Notification.kind, Notification.source, Notification.id)
        notifications: dict[str, dict[str, str]] = defaultdict(dict)
        with self._db.read() as session:
            for kind, source, notification_id in session.execute(query.where(Notification.id.in_(self._notifications))):
                notifications[kind][source or ""] = notification_id
        for kind, ids in notifications.items():
            for message, content in _KINDS[kind](self._rpc_client, list(ids)):
                self._messages[ids[message.id]] = (message, content)

    def resolve(self, claim: Claim) -> Destination | str:
        """Return where to send a message, or the reason why it must not be sent."""
        found = self._messages.get(claim.notification_id)
        if found is None:
            return NOT_VALID
        message = found[0]
        token = message.restore_token if isinstance(message, SecurityNoticeDetails) else None
        return Destination(message.username, message.address, restore_token=token)

    def content(self, claim: Claim) -> Content:
        """Return the text, with the digits or the details."""
        return self._messages[claim.notification_id][1]

    def check(self, claim: Claim, address: str) -> DeliveryResult | None:  # noqa: ARG002 - as Choices
        """Return None: a batch is read just before it is sent, and a code that was replaced does no harm."""
        return None
