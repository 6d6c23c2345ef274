"""The fan-out: tells everybody who was active of a post."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from feeds.contract import PostCreated
from notifications import metrics, wording
from notifications.cleanup import erasure_store
from notifications.fanout import audience
from notifications.fanout.dispatch import tell
from notifications.inbox import inbox_store, post_updates_store
from notifications.inbox.inbox_store import Progress, Stopped
from notifications.models import Notification
from notifications.wording import Content
from users.contract import ActiveRecipients, Recipients


@dataclass(frozen=True, slots=True)
class About:
    """What a fan-out must know of a post. All but the content stands in the notification's row too."""

    post_id: str
    author_id: str | None  # None: they have left
    as_of: datetime
    content: Content | None = None  # None: there is a row


@dataclass(frozen=True, slots=True)
class Fanout:
    """Tells a page of people at a time, `limit` of them.

    Each page and the progress are one transaction, so a repetition goes on where the last one stopped, and those who
    work on the same post at a time do each other no harm.
    """

    db: UnitOfWork
    rpc_client: RpcClient
    limit: int

    def begin(self, post: PostCreated) -> None:
        """Tell whoever was active when a post was committed.

        If that cannot even begin, a row remains for the reconciler, which has more patience than an event. The first
        page of a repetition finds out where the last one stopped.
        """
        about = About(post.id, post.author_id, post.created_at, wording.about_post(post))
        try:
            self._tell(about, Progress())
        except Exception:
            with self.db.write() as session:
                newest = _newest(session, about)
                if newest is not None:
                    _begin(session, newest, Progress())
            raise

    def resume(self, stopped: Stopped) -> None:
        """Go on with a post from its row."""
        self._tell(About(stopped.post_id, stopped.author_id, stopped.as_of), Progress(stopped.reached))

    def _tell(self, about: About, progress: Progress) -> None:
        while not progress.done:
            request = ActiveRecipients(as_of=about.as_of, after=progress.reached, limit=self.limit)
            page = self.rpc_client.call("users.active_recipients", request, Recipients)
            with self.db.write() as session:
                progress = _tell_page(session, about, progress, page)


def _tell_page(session: Session, about: About, expected: Progress, page: Recipients) -> Progress:
    """Tell a page of people, unless it was told before, and return how far the fan-out is now."""
    newest = _newest(session, about)
    if newest is None:
        return Progress(done=True)
    reached = Progress(page.next or expected.reached, page.next is None)
    notification = _begin(session, newest, reached)
    if notification is None:
        notification = inbox_store.about(session, about.post_id)
        found = Progress(notification.reached, notification.done)
        if found != expected:
            return found
        notification.reached, notification.done = reached.reached, reached.done
    tell(session, notification, audience.of_page(page.items, excluded=about.author_id))
    if reached.done:
        metrics.FANOUT_SECONDS.observe((clock.now() - about.as_of).total_seconds())
    return reached


def _begin(session: Session, about: About, told: Progress) -> Notification | None:
    """Store the notification, and how far this transaction tells of it; None if there is one already."""
    if about.content is None:
        return None
    return inbox_store.add_once(session, about.content, about.post_id, about.as_of, told)


def _newest(session: Session, about: About) -> About | None:
    """Return what there is to tell in its newest words; None, and the fan-out is over, where that is nothing any more.

    From here to the commit no news of the post come in between: it was not deleted, and its author has not left.
    """
    inbox_store.take_turns(session)
    news = post_updates_store.of(session, about.post_id)
    left = about.author_id is None or erasure_store.has_left(session, about.author_id)
    if left or (news is not None and news.text is None):
        inbox_store.finish(session, about.post_id)
        return None
    if news is None or about.content is None:  # where there is a row, the news changed its words
        return about
    return replace(about, content=replace(about.content, message=wording.of_post(news.text or "")))
