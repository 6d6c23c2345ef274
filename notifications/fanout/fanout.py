"""The fan-out: notifies all users who were active when a post was committed."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from feeds.contract import PostCreated
from notifications import metrics, texts
from notifications.cleanup import erasure_store
from notifications.fanout import audience, progress_store
from notifications.fanout.dispatch import dispatch
from notifications.fanout.progress_store import InterruptedFanout
from notifications.inbox import inbox_store, notification_store, post_updates_store
from notifications.inbox.notification_store import Progress
from notifications.models import Notification
from notifications.texts import Content
from users.contract import ActiveRecipients, Recipients


@dataclass(frozen=True, slots=True)
class FanoutPost:
    """The post of a fan-out."""

    post_id: str
    author_id: str | None  # None: the account was deleted
    as_of: datetime
    content: Content | None = None  # None: the notification exists already


@dataclass(frozen=True, slots=True)
class Fanout:
    """Notifies users in pages of `limit`.

    Each page commits its progress in the same transaction. So a repetition continues after the last page, and
    concurrent runs for the same post notify every user once.
    """

    db: UnitOfWork
    rpc_client: RpcClient
    limit: int

    def start(self, event: PostCreated) -> None:
        """Notify the users who were active when the post was committed.

        If not even the first page succeeds, the notification is created without recipients: the reconciler resumes it,
        however long the error lasts. In a repetition, the first page finds the stored progress.
        """
        post = FanoutPost(event.id, event.author_id, event.created_at, texts.for_post(event))
        try:
            self._run(post, Progress())
        except Exception:
            with self.db.write() as session:
                current = _current(session, post)
                if current is not None:
                    _create(session, current, Progress())
            raise

    def resume(self, interrupted: InterruptedFanout) -> None:
        """Continue an interrupted fan-out."""
        post = FanoutPost(interrupted.post_id, interrupted.author_id, interrupted.as_of)
        self._run(post, Progress(interrupted.reached))

    def _run(self, post: FanoutPost, progress: Progress) -> None:
        while not progress.done:
            request = ActiveRecipients(as_of=post.as_of, after=progress.reached, limit=self.limit)
            page = self.rpc_client.call("users.active_recipients", request, Recipients)
            with self.db.write() as session:
                progress = _notify_page(session, post, progress, page)


def _notify_page(session: Session, post: FanoutPost, expected: Progress, page: Recipients) -> Progress:
    """Notify a page of users, unless the stored progress is not the expected one; return the progress."""
    current = _current(session, post)
    if current is None:
        return Progress(done=True)
    reached = Progress(page.next or expected.reached, page.next is None)
    notification = _create(session, current, reached)
    if notification is None:
        notification = notification_store.lock_for_post(session, current.post_id)
        if notification is None:  # removed meanwhile
            return Progress(done=True)
        stored = Progress(notification.reached, notification.done)
        if stored != expected:
            return stored
        notification.reached, notification.done = reached.reached, reached.done
    dispatch(session, notification, audience.select(page.items, author=current.author_id))
    if reached.done:
        metrics.FANOUT_SECONDS.observe((clock.now() - current.as_of).total_seconds())
    return reached


def _create(session: Session, post: FanoutPost, progress: Progress) -> Notification | None:
    """Create the notification with the progress of this transaction; None if it exists already."""
    if post.content is None:
        return None
    return notification_store.create_for_post(session, post.content, post.post_id, post.as_of, progress)


def _current(session: Session, post: FanoutPost) -> FanoutPost | None:
    """Return the post with its newest text; None, and the fan-out is complete, if post or author were deleted.

    Inboxes are locked until the commit, so that no update of the post is applied meanwhile.
    """
    inbox_store.lock(session)
    update = post_updates_store.get(session, post.post_id)
    author_erased = post.author_id is None or erasure_store.is_erased(session, post.author_id)
    if author_erased or (update is not None and update.text is None):
        progress_store.finish(session, post.post_id)
        return None
    if update is None or post.content is None:  # the update of an existing notification was applied to it
        return post
    return replace(post, content=replace(post.content, message=texts.post_excerpt(update.text or "")))
