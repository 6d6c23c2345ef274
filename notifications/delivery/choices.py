"""What the recipients of a batch want now: read when the batch begins, and again while it is sent."""

import time
from collections.abc import Iterable

from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.rpc.client import RpcClient
from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.registry import ChannelSpec
from notifications.delivery import delivery_store, destination
from notifications.delivery.delivery_store import Claim
from notifications.delivery.destination import Destination
from notifications.texts import Content
from users.contract import Contact, ContactList, Contacts

# Seconds. A message is not sent if the user switched the channel off, or its post was deleted, longer ago. A batch that
# is sent faster reads the choices once; a slow provider costs four calls a second at most.
MAX_AGE = 0.25


class Choices:
    """The choices of the recipients of one batch; `connected` are the users who were connected when it began."""

    def __init__(self, db: UnitOfWork, rpc_client: RpcClient, channel: ChannelSpec, claims: Iterable[Claim]) -> None:
        self.connected: set[str] = set()
        self._db = db
        self._rpc_client = rpc_client
        self._channel = channel
        self._unsent = {claim.id: claim for claim in claims}
        self._contacts: dict[str, Contact] = {}
        self._about_deleted_posts: set[str] = set()
        self._contents: dict[str, Content] = {}
        self._read_at = 0.0
        self._unavailable = False

    def read(self) -> None:
        """Read the choices of all recipients who have not been sent their message yet. Raises ServiceError."""
        self._read_at = time.monotonic()  # before the request: a change that is answered later may be missing
        request = Contacts(ids=sorted({claim.user_id for claim in self._unsent.values()}))
        reply = self._rpc_client.call("users.contacts", request, ContactList)
        self._contacts = {contact.id: contact for contact in reply.items}
        with self._db.read() as session:
            ids = {claim.notification_id for claim in self._unsent.values()}
            self._about_deleted_posts = delivery_store.about_deleted_posts(session, ids)
            if not self._contents:
                self._contents = delivery_store.contents(session, ids)

    def resolve(self, claim: Claim) -> Destination | str:
        """Return where to send a message, or the reason why it must not be sent."""
        if claim.notification_id in self._about_deleted_posts:
            return delivery_store.POST_DELETED
        return destination.resolve(
            self._contacts.get(claim.user_id),
            self._channel,
            channels_forced=claim.channels_forced,
            connected=claim.user_id in self.connected,
        )

    def content(self, claim: Claim) -> Content:
        """Return the content of a message."""
        return self._contents[claim.notification_id]

    def check(self, claim: Claim, address: str) -> DeliveryResult | None:
        """Return the result of a message that must not be sent after all; the channel calls this just before sending.

        Without a reply of users it is not sent now. With a new address it is due at once.
        """
        if self._unavailable or not self._is_current():
            return delivery_results.not_attempted()
        self._unsent.pop(claim.id, None)
        resolved = self.resolve(claim)
        if isinstance(resolved, str):
            return delivery_results.cancelled(resolved)
        return None if resolved.address == address else delivery_results.not_attempted()

    def _is_current(self) -> bool:
        """Read again what is too old; return False if that failed."""
        if time.monotonic() - self._read_at > MAX_AGE:
            try:
                self.read()
            except ServiceError:
                self._unavailable = True
        return not self._unavailable
