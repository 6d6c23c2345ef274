"""Creates, edits and deletes posts: each change and its event in one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.caller import Caller
from chassis.db import outbox
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import new_id
from feeds import contract, erased_authors, serializers, store
from feeds.models import Post

ERASURE_BATCH = 500  # posts deleted in a transaction
_TICK = timedelta(microseconds=1)


def create(session: Session, author: Caller, text: str, time_at_users: Callable[[], datetime]) -> contract.Post:
    """Store a post of the caller. Raises Unauthenticated if the caller's account was deleted.

    `time_at_users` returns the time by the clock of users, which knows when users were active.
    """
    author_id = author.require_user()
    erased_authors.require_not_erased(session, author_id)
    post = contract.Post(id=new_id(), author_id=author_id, text=text, created_at=clock.now())
    store.add(session, post)
    as_of = time_at_users()
    outbox.add(session, contract.PostCreated(**dict(post), author_username=author.username or "", as_of=as_of))
    return post


def edit(session: Session, author: Caller, request: contract.EditPost) -> contract.Post:
    """Change the text of a post of the caller; without a difference there is no event."""
    post = store.lock(session, request.id)
    if post.author_id != author.require_user():
        raise contract.may_not_edit()
    if post.text != request.text:
        post.text = request.text
        # Consumers order edits by this time, so it must grow even if the clock of another process is ahead.
        post.edited_at = max(clock.now(), (post.edited_at or post.created_at) + _TICK)
        outbox.add(
            session,
            contract.PostUpdated(id=post.id, author_id=post.author_id, text=post.text, edited_at=post.edited_at),
        )
    return serializers.post(post)


def delete(session: Session, caller: Caller, post_id: str) -> None:
    """Delete a post of the caller; staff, and services without a user, may delete any post."""
    post = store.lock(session, post_id)
    if caller.user not in {post.author_id, None} and not caller.staff:
        raise contract.may_not_delete()
    _delete(session, post)


def erase_author(db: UnitOfWork, author_id: str) -> None:
    """Delete all posts of a deleted account, in batches, and reject new ones; may be repeated."""
    with db.write() as session:
        erased_authors.add(session, author_id)
    db.in_batches(partial(delete_some, author_id=author_id), ERASURE_BATCH)


def delete_some(session: Session, limit: int, author_id: str) -> int:
    """Delete up to `limit` posts of an author; return how many."""
    posts = store.locked_posts_of(session, author_id, limit)
    for post in posts:
        _delete(session, post)
    return len(posts)


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
