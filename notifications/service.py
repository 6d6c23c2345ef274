"""The notifications service: notifies users, and serves their inboxes."""

from functools import partial

from nameko.dependency_providers import Config

from chassis.auth.access import STAFF_OR_SERVICE, USER, services
from chassis.contract import Empty
from chassis.contract.export import ExportUser
from chassis.db.database import Database
from chassis.events.batch_handler import Batch, event_batch_handler
from chassis.events.handler import event_handler
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService
from chassis.timers import timer
from feeds.contract import PostCreated, PostDeleted, PostUpdated
from notifications import contract, export
from notifications.channels.sms import receipts as sms_receipts
from notifications.cleanup import erasure
from notifications.cleanup.retention import RetentionProvider
from notifications.delivery import receipts
from notifications.fanout import account_messages, direct, reconciler
from notifications.fanout.fanout import Fanout
from notifications.inbox import listing, post_updates, read_state
from notifications.inbox.replay import replay
from notifications.models import Base
from users.contract import AccountErased, CodeIssued, SecurityNotice


class NotificationsService(ListeningService):
    """Notifies users of posts, sends direct notifications, and keeps inboxes."""

    name = "notifications"

    db = Database(Base, "notifications")
    config = Config()
    retention = RetentionProvider()

    @event_batch_handler(PostCreated, size=100)
    def on_post_created(self, events: Batch[PostCreated]) -> list[PostCreated]:
        """Notify the users who were active when the posts were committed, one page of them at a time.

        A post older than the retention is ignored: its notification may have been removed already.
        """
        return self._fanout.start([event for event in events if not self.retention.is_old(event.created_at)])

    @timer("notifications.audience.reconcile")
    def resume_fanouts(self) -> None:
        """Resume interrupted fan-outs."""
        reconciler.run(self._fanout, self._audience["stopped"])

    @event_handler(PostUpdated)
    def on_post_updated(self, event: PostUpdated) -> None:
        """Change the text in inboxes."""
        post_updates.apply(self.db, event.id, event.text, event.edited_at, self._audience["page"])

    @event_handler(PostDeleted)
    def on_post_deleted(self, event: PostDeleted) -> None:
        """Remove the text from inboxes, and cancel pending deliveries."""
        post_updates.apply(self.db, event.id, None, event.deleted_at, self._audience["page"])

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Erase the user's inbox, and their name and texts in other inboxes."""
        erasure.erase(self.db, event.id, self._audience["page"])
        self.dead_letters.erase(event.id)

    @event_handler(CodeIssued)
    def on_code_issued(self, event: CodeIssued) -> None:
        """Create the delivery of a one-time code."""
        with self.db.write() as session:
            account_messages.create_code(session, event)

    @event_handler(SecurityNotice)
    def on_security_notice(self, event: SecurityNotice) -> None:
        """Create the delivery of a security notice."""
        with self.db.write() as session:
            account_messages.create_notice(session, event)

    @rpc(STAFF_OR_SERVICE)
    def send_notification(self, request: contract.SendNotification) -> contract.Notification:
        """Notify one active user; idempotent with a request key."""
        if first := self.db.previous_reply(contract.Notification):
            return first
        recipient = direct.active_recipient(self.rpc_client, request.user_id, self.time_at("users"))
        return self.db.once(contract.Notification, partial(direct.notify, request=request, recipient=recipient))

    @rpc(USER)
    def inbox(self, request: contract.ListInbox) -> contract.InboxPage:
        """Return a page of the caller's inbox, newest first."""
        return listing.page(self.db, self.caller.require_user(), request)

    @rpc(USER)
    def mark_read(self, request: contract.MarkRead) -> Empty:
        """Mark notifications of the caller as read; other ids are ignored. Idempotent with a key."""
        return self.db.run_once(partial(read_state.mark_read, user_id=self.caller.require_user(), ids=request.ids))

    @rpc
    def detail(self, request: contract.GetNotification) -> contract.NotificationDetail:
        """Return a notification with the caller's deliveries; for staff and services, with those to all users."""
        with self.db.read() as session:
            return listing.detail(session, self.caller, request.id)

    @rpc(services("gateway"))
    def missed(self, request: contract.ReplayRequests) -> contract.Replays:
        """Return what changed in users' inboxes after a notification, for websockets that reconnect."""
        with self.db.read() as session:
            return replay(session, request)

    @rpc(services("gateway"))
    def delivery_report(self, request: contract.ReportDelivery) -> Empty:
        """Store what the provider reports about an SMS; it is committed before the reply."""
        receipts.store(self.db, self.rpc_client, sms_receipts.read(request))
        return Empty()

    @rpc(services("gateway"))
    def export(self, request: ExportUser) -> contract.NotificationData:
        """Return a page of what is stored about a user."""
        with self.db.read() as session:
            return export.page(session, request)

    @property
    def _fanout(self) -> Fanout:
        return Fanout(self.db, self.rpc_client, self._audience["page"])

    @property
    def _audience(self) -> dict[str, int]:
        settings: dict[str, int] = self.config["notifications"]["audience"]
        return settings
