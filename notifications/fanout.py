"""The fan-out: tells everybody who was active of a post."""

from sqlalchemy.orm import Session

from chassis.client import PeerCalls
from chassis.sessions import Sessions
from feeds.contract import PostCreated
from notifications import audience, messages, store, store_erasure, store_news
from notifications.store import Progress
from notifications.telling import tell
from users.contract import ActiveRecipients, Recipients


def tell_everybody(db: Sessions, peers: PeerCalls, post: PostCreated, limit: int) -> None:
    """Tell whoever was active when a post was committed, a page of people at a time.

    Each page and the progress are one transaction, so a repetition goes on where the last one stopped: its first page
    finds out where that was.
    """
    progress = Progress()
    while not progress.done:
        request = ActiveRecipients(as_of=post.created_at, after=progress.reached, limit=limit)
        page = peers.call("users.active_recipients", request, Recipients)
        with db.write() as session:
            progress = _tell_page(session, post, progress, page)


def _tell_page(session: Session, post: PostCreated, expected: Progress, page: Recipients) -> Progress:
    """Tell a page of people, unless it was told before, and return how far the fan-out is now.

    Nobody is told of a post that was deleted meanwhile, or whose author has left.
    """
    store.take_turns(session)  # between news of the post and this page nothing may slip through
    newest = _newest(session, post)
    if newest is None:
        store.finish(session, post.id)
        return Progress(done=True)
    reached = Progress(page.next or expected.reached, page.next is None)
    notification = store.add_once(session, messages.about_post(newest), post.id, post.created_at, reached)
    if notification is None:
        notification = store.about(session, post.id)
        found = Progress(notification.reached, notification.done)
        if found != expected:
            return found
        notification.reached, notification.done = reached.reached, reached.done
    tell(session, notification, audience.of_page(page.items, excluded=post.author_id))
    return reached


def _newest(session: Session, post: PostCreated) -> PostCreated | None:
    """Return the post with its newest text, None if it is gone."""
    if store_erasure.has_left(session, post.author_id):
        return None
    news = store_news.of(session, post.id)
    if news is None:
        return post
    return None if news.text is None else post.model_copy(update={"text": news.text})
