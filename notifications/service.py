"""The notifications service: who is told, and everybody's inbox."""

from datetime import timedelta
from functools import partial

from nameko.dependency_providers import Config

from chassis.auth.access import STAFF_OR_SERVICE, USER, services
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.events.handler import event_handler
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService
from chassis.timers import timer
from feeds.contract import PostCreated, PostDeleted, PostUpdated
from notifications import contract
from notifications.cleanup import erasure
from notifications.cleanup.retention import RetentionProvider
from notifications.delivery import receipts
from notifications.fanout import direct, reconciler
from notifications.fanout.fanout import Fanout
from notifications.inbox import inbox, post_updates
from notifications.models import Base
from users.contract import AccountErased


class NotificationsService(ListeningService):
    """Tells everybody of posts, one person of anything, and keeps what they were told."""

    name = "notifications"

    db = Database(Base, "notifications")
    config = Config()
    retention = RetentionProvider()

    @event_handler(PostCreated, in_order=True)
    def on_post_created(self, event: PostCreated) -> None:
        """Tell whoever was active when it was posted, the author excepted.

        Nobody of a post so old that nobody knows any more whether it was told.
        """
        if not self.retention.forgets(event.created_at):
            self._fanout.begin(event)

    @timer("notifications.audience.reconcile")
    def finish_fan_outs(self) -> None:
        """Go on with fan-outs that stopped half way."""
        reconciler.run(self._fanout, self._audience["stopped"])

    @event_handler(PostUpdated)
    def on_post_updated(self, event: PostUpdated) -> None:
        """Change the words in the inboxes."""
        post_updates.spread(self.db, event.id, event.text, event.edited_at, self._audience["page"])

    @event_handler(PostDeleted)
    def on_post_deleted(self, event: PostDeleted) -> None:
        """Take the words out of the inboxes, and cancel what was not sent."""
        post_updates.spread(self.db, event.id, None, event.deleted_at, self._audience["page"])

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Forget somebody: their inbox, and their name and words in the inboxes of others."""
        erasure.erase(self.db, event.id, self._audience["page"])

    @rpc(STAFF_OR_SERVICE)
    def send_notification(self, request: contract.SendNotification) -> contract.Notification:
        """Tell one active user something; a keyed write."""
        if first := self.db.previous_reply(contract.Notification):
            return first
        recipient = direct.active_recipient(self.rpc_client, request.user_id)
        return self.db.once(contract.Notification, partial(direct.tell_one, request=request, recipient=recipient))

    @rpc(USER)
    def inbox(self, request: contract.ListInbox) -> contract.InboxPage:
        """Return a page of the caller's inbox, newest first."""
        user = self.caller.require_user()
        with self.db.read() as session:
            return inbox.page(session, user, request)

    @rpc(USER)
    def mark_read(self, request: contract.MarkRead) -> Empty:
        """Mark notifications of the caller as read; ids that are not in the inbox are ignored."""
        user = self.caller.require_user()
        with self.db.write() as session:
            inbox.mark_read(session, user, request.ids)
        return Empty()

    @rpc
    def detail(self, request: contract.GetNotification) -> contract.NotificationDetail:
        """Return a notification with the caller's deliveries, for staff and services with everybody's."""
        with self.db.read() as session:
            return inbox.detail(session, self.caller, request.id)

    @rpc(services("gateway"))
    def missed(self, request: contract.ReplayRequest) -> contract.Replay:
        """Return what a user got after a notification, and what became of the rest; what websockets replay."""
        overlap = timedelta(seconds=self.config["notifications"]["replay"]["overlap"])
        with self.db.read() as session:
            return inbox.missed(session, request, overlap)

    @rpc(services("gateway"))
    def delivery_report(self, request: contract.ReportDelivery) -> Empty:
        """Note what the provider says later of an SMS that it took; it is stored when this is answered."""
        receipts.receive(self.db, self.rpc_client, request)
        return Empty()

    @property
    def _fanout(self) -> Fanout:
        return Fanout(self.db, self.rpc_client, self._audience["page"])

    @property
    def _audience(self) -> dict[str, int]:
        rules: dict[str, int] = self.config["notifications"]["audience"]
        return rules
