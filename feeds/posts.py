"""Creates, edits and deletes posts: each change and its event in one transaction."""

from datetime import timedelta

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db import outbox
from chassis.errors import Forbidden, NotFound
from chassis.ids import new_id
from feeds import contract, store
from feeds.models import Post

_TICK = timedelta(microseconds=1)


def publish(session: Session, author: Caller, text: str) -> contract.Post:
    """Store a post of the caller."""
    post = to_contract(store.add(session, author.require_user(), text))
    outbox.add(session, contract.PostCreated(**dict(post), author_username=author.username or ""))
    return post


def edit(session: Session, author: Caller, request: contract.EditPost) -> contract.Post:
    """Change the text of a post of the caller; without a difference there is no event."""
    post = _find(session, request.id)
    if post.author_id != author.require_user():
        raise Forbidden("Only its author may edit a post.")
    if post.text != request.text:
        post.text = request.text
        # Consumers order edits by this time, so it must grow even if the clock of another process is ahead.
        post.edited_at = max(clock.now(), (post.edited_at or post.created_at) + _TICK)
        outbox.add(
            session,
            contract.PostUpdated(id=post.id, author_id=post.author_id, text=post.text, edited_at=post.edited_at),
        )
    return to_contract(post)


def delete(session: Session, caller: Caller, post_id: str) -> None:
    """Delete a post of the caller; staff, and services without a user, may delete any post."""
    post = _find(session, post_id)
    if caller.user not in {post.author_id, None} and not caller.staff:
        raise Forbidden("Only its author and staff may delete a post.")
    _delete(session, post)


def delete_some(session: Session, author_id: str, limit: int) -> bool:
    """Delete up to `limit` posts of an author; return whether there may be more."""
    posts = store.locked_posts_of(session, author_id, limit)
    for post in posts:
        _delete(session, post)
    return len(posts) == limit


def to_contract(post: Post) -> contract.Post:
    """Return a row as the contract's model."""
    return contract.Post(
        id=post.id, author_id=post.author_id, text=post.text, created_at=post.created_at, edited_at=post.edited_at
    )


def _find(session: Session, post_id: str) -> Post:
    post = store.get(session, post_id, locked=True)
    if post is None:
        raise NotFound("There is no such post.")
    return post


def _delete(session: Session, post: Post) -> None:
    """Clear the text; the row is removed a day later."""
    post.text, post.deletion_id = "", new_id()
    outbox.add(
        session,
        contract.PostDeleted(
            id=post.id,
            author_id=post.author_id,
            created_at=post.created_at,
            deletion_id=post.deletion_id,
            deleted_at=clock.now(),
        ),
    )
