"""The notifications service: who is told, and everybody's inbox."""

from functools import partial

from nameko.dependency_providers import Config

from chassis.contract import Empty
from chassis.database import Database
from chassis.events import event_handler
from chassis.rpc import rpc
from chassis.service import Service
from feeds.contract import PostCreated, PostDeleted, PostUpdated
from notifications import contract, erasure, fanout, inbox, news, single, store
from notifications.models import Base
from users.contract import AccountErased


class NotificationsService(Service):
    """Tells everybody of posts, one person of anything, and keeps what they were told."""

    name = "notifications"

    db = Database(Base, "notifications")
    config = Config()

    @event_handler(PostCreated, in_order=True)
    def on_post_created(self, event: PostCreated) -> None:
        """Tell whoever was active when it was posted, the author excepted."""
        fanout.tell_everybody(self.db, self.peers, event, self._page)

    @event_handler(PostUpdated)
    def on_post_updated(self, event: PostUpdated) -> None:
        """Change the words in the inboxes."""
        news.spread(self.db, event.id, event.text, event.edited_at, self._page)

    @event_handler(PostDeleted)
    def on_post_deleted(self, event: PostDeleted) -> None:
        """Take the words out of the inboxes, and cancel what was not sent."""
        news.spread(self.db, event.id, None, event.deleted_at, self._page)

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Forget somebody: their inbox, and their name and words in the inboxes of others."""
        erasure.erase(self.db, event.id)

    @rpc
    def send_notification(self, request: contract.SendNotification) -> contract.Notification:
        """Tell one active user something; for staff and services."""
        self.caller.require_staff()
        if first := self.db.repeated(contract.Notification):
            return first
        recipient = single.active_recipient(self.peers, request.user_id)
        return self.db.once(contract.Notification, partial(single.tell_one, request=request, recipient=recipient))

    @rpc
    def inbox(self, request: contract.Inbox) -> contract.InboxPage:
        """Return a page of the caller's inbox, newest first."""
        user = self.caller.require_user()
        with self.db.read() as session:
            return inbox.page(session, user, request)

    @rpc
    def mark_read(self, request: contract.MarkRead) -> Empty:
        """Mark notifications of the caller as read; ids that are not in the inbox are ignored."""
        user = self.caller.require_user()
        with self.db.write() as session:
            store.mark_read(session, user, request.ids)
        return Empty()

    @rpc
    def detail(self, request: contract.ById) -> contract.NotificationDetail:
        """Return a notification with the caller's deliveries, for staff with everybody's."""
        with self.db.read() as session:
            return inbox.detail(session, self.caller, request.id)

    @rpc
    def missed(self, request: contract.Missed) -> contract.Replay:
        """Return what a user got after a notification, oldest first; for the gateway's sockets."""
        self.caller.require_service("gateway")
        with self.db.read() as session:
            return inbox.missed(session, request)

    @property
    def _page(self) -> int:
        """How many people a transaction and an event are about."""
        size: int = self.config["notifications"]["audience"]["page"]
        return size
