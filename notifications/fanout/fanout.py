"""The fan-out: notifies all users who were active when a post was committed; of many posts at the same time."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
from notifications.inbox.notification_store import NewPost, Progress
from notifications.models import Notification
from notifications.texts import Content
from users.contract import ActiveRecipients, RecipientGroup, Recipients


@dataclass(frozen=True, slots=True)
class FanoutPost:
    """The post of a fan-out."""

    id: str
    author_id: str | None  # None: the account was deleted
    as_of: datetime
    content: Content | None = None  # None: the notification exists already


Page = tuple[FanoutPost, list[RecipientGroup]]  # a post, and the next users that it notifies


@dataclass(frozen=True, slots=True)
class Fanout:
    """Notifies users in pages, and transactions, of `limit`.

    Each page commits its progress in the same transaction. So a repetition continues after the last page, and
    concurrent runs for the same post notify every user once.
    """

    db: UnitOfWork
    rpc_client: RpcClient
    limit: int

    def start(self, events: Sequence[PostCreated]) -> list[PostCreated]:
        """Notify the next page of users of each post, and return the posts that have more pages.

        If not even the first page of a single post succeeds, the notification is created without recipients: the
        reconciler resumes it, however long the error lasts.
        """
        by_id = {event.id: event for event in events}
        posts = [
            FanoutPost(id_, event.author_id, event.as_of or event.created_at, texts.for_post(event))
            for id_, event in by_id.items()
        ]
        try:
            return [by_id[post.id] for post in self._advance(posts)]
        except Exception:
            if len(posts) == 1:
                with self.db.write() as session:
                    _create_unsent(session, posts[0])
            raise

    def resume(self, interrupted: InterruptedFanout) -> None:
        """Continue an interrupted fan-out until it is complete."""
        posts = [FanoutPost(interrupted.post_id, interrupted.author_id, interrupted.as_of)]
        while posts:
            posts = self._advance(posts)

    def _advance(self, posts: Sequence[FanoutPost]) -> list[FanoutPost]:
        """Notify a page of users of each post; return those that are not complete."""
        with self.db.read() as session:
            stored = progress_store.stored(session, [post.id for post in posts])
        by_progress = defaultdict(list)
        for post in posts:
            by_progress[stored.get(post.id, Progress())].append(post)
        unfinished = []
        for progress, group in by_progress.items():
            if not progress.done:
                for pages, reached in self._pages(group, progress):
                    with self.db.write() as session:
                        unfinished += _notify(session, pages, progress, reached)
        return unfinished

    def _pages(self, posts: Sequence[FanoutPost], progress: Progress) -> Iterator[tuple[list[Page], Progress]]:
        """Ask users once for the next page of all these posts, and yield it in parts that fit into a transaction."""
        found = self._ask(posts, progress)
        if found.inactive is None and len(posts) > 1:  # users of the previous version knows only one time per request
            for post in posts:
                yield from self._pages([post], progress)
            return
        reached = Progress(found.next or progress.reached, found.next is None)
        pages = [(post, found.at(position)) for position, post in enumerate(posts)]
        size = max(1, self.limit // max(1, found.count))  # posts in a transaction, which has `limit` rows at most
        for start in range(0, len(pages), size):
            yield pages[start : start + size], reached

    def _ask(self, posts: Sequence[FanoutPost], progress: Progress) -> Recipients:
        moments = [post.as_of for post in posts]
        request = ActiveRecipients(
            as_of=moments[0],
            moments=moments if len(moments) > 1 else None,
            after=progress.reached,
            limit=min(self.limit, 1000),
            page=self.limit,
            grouped=True,
        )
        return self.rpc_client.call("users.active_recipients", request, Recipients)


def _notify(session: Session, pages: Sequence[Page], expected: Progress, reached: Progress) -> list[FanoutPost]:
    """Notify a page of users of each post whose stored progress is the expected one; return the unfinished posts."""
    posts = {post.id: post for post in _current(session, [post for post, _ in pages])}
    begun = progress_store.stored(session, list(posts))
    existing = notification_store.lock_for_posts(session, begun) if begun else {}
    recipients = _recipients(session, pages)
    new = [post for post in posts.values() if post.id not in existing and expected == Progress()]
    notifications = _create(session, new, reached)
    for post_id, notification in existing.items():
        if Progress(notification.reached, notification.done) == expected:
            notification.reached, notification.done = reached.reached, reached.done
            notifications[post_id] = notification
    dispatch(
        session,
        [
            (notification, audience.select(recipients[post_id], author=posts[post_id].author_id))
            for post_id, notification in notifications.items()
        ],
    )
    if reached.done:
        for post_id in notifications:
            metrics.FANOUT_SECONDS.observe((clock.now() - posts[post_id].as_of).total_seconds())
    return [posts[post_id] for post_id, notification in (existing | notifications).items() if not notification.done]


def _recipients(session: Session, pages: Sequence[Page]) -> dict[str, list[RecipientGroup]]:
    """Return the users to notify by the ids of their posts: without accounts that were deleted since users was asked.

    Inboxes are locked, so no account is erased until the commit.
    """
    found = [group.ids for _, groups in pages for group in groups if group.ids]
    erased = erasure_store.erased_between(session, min(found)[0], max(ids[-1] for ids in found)) if found else set()
    return {post.id: [group.without(erased) for group in groups] if erased else groups for post, groups in pages}


def _create_unsent(session: Session, post: FanoutPost) -> None:
    """Create the notification of a post without recipients, unless it exists."""
    posts = _current(session, [post])
    if posts and not notification_store.lock_for_posts(session, [post.id]):
        _create(session, posts, Progress())


def _create(session: Session, posts: Sequence[FanoutPost], progress: Progress) -> dict[str, Notification]:
    """Create the notifications of new posts with the progress of this transaction; return them by the ids of posts."""
    new = [NewPost(post.id, post.content, post.as_of) for post in posts if post.content is not None]
    created = notification_store.create_for_posts(session, new, progress)
    return {post.id: notification for post, notification in zip(new, created, strict=True)}


def _current(session: Session, posts: Sequence[FanoutPost]) -> list[FanoutPost]:
    """Return posts with their newest texts; not those that were deleted, or whose author was: these are complete.

    Inboxes are locked until the commit, so that no update of a post is applied meanwhile.
    """
    inbox_store.lock(session)
    newest = post_updates_store.newest(session, [post.id for post in posts])
    erased = erasure_store.erased(session, {post.author_id for post in posts if post.author_id is not None})
    deleted = [
        post.id
        for post in posts
        if post.author_id is None or post.author_id in erased or newest.get(post.id, "") is None
    ]
    if deleted:
        progress_store.finish(session, deleted)
    return [_with_text(post, newest.get(post.id)) for post in posts if post.id not in deleted]


def _with_text(post: FanoutPost, text: str | None) -> FanoutPost:
    """Return a new post with the text of its newest update, if there is one; an existing notification has it."""
    if text is None or post.content is None:
        return post
    return replace(post, content=replace(post.content, message=texts.post_excerpt(text)))
