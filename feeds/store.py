"""SQL of posts."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, func, insert, or_, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.sql import delete_batch
from chassis.errors import NotFound
from chassis.ids import first_id
from feeds import contract
from feeds.models import Post

KEEP_DELETED = timedelta(days=1)  # so that `authors` can count posts as they were shortly before

_NOT_DELETED = Post.deletion_id.is_(None)
_COLUMNS = Post.__table__.c
# Built once, and without objects of the class Post: both cost more than running them.
_INSERT = insert(Post)
_GET = select(*_COLUMNS).where(Post.id == bindparam("post"), _NOT_DELETED)


def add(session: Session, post: contract.Post) -> None:
    """Store a new post."""
    session.connection().execute(_INSERT, dict(post))


def get(session: Session, post_id: str) -> Row[Any]:
    """Return a post. Raises NotFound."""
    row = session.connection().execute(_GET, {"post": post_id}).one_or_none()
    if row is None:
        raise _not_found()
    return row


def lock(session: Session, post_id: str) -> Post:
    """Return a post to change; its row is locked until the commit. Raises NotFound."""
    post = session.scalar(select(Post).where(Post.id == post_id, _NOT_DELETED).with_for_update())
    if post is None:
        raise _not_found()
    return post


def newest(session: Session, limit: int, before: str | None, author_id: str | None = None) -> Sequence[Row[Any]]:
    """Return posts older than the id `before`, newest first; all, or those of an author."""
    parameters = {"before": before, "author": author_id, "limit": limit}
    query = _newest(older=before is not None, of_author=author_id is not None)
    return session.connection().execute(query, parameters).all()


@cache
def _newest(*, older: bool, of_author: bool) -> Select[Any]:
    """Build the statement; cached, because building it costs more than running it."""
    query = select(*_COLUMNS).where(_NOT_DELETED).order_by(Post.id.desc()).limit(bindparam("limit"))
    if older:
        query = query.where(Post.id < bindparam("before"))
    if of_author:
        query = query.where(Post.author_id == bindparam("author"))
    return query


def locked_posts_of(session: Session, author_id: str, limit: int) -> list[Post]:
    """Return some posts of an author, locked until the commit."""
    query = select(Post).where(Post.author_id == author_id, _NOT_DELETED).order_by(Post.id).limit(limit)
    return list(session.scalars(query.with_for_update()))


def authors(
    session: Session, before: str, after: str | None, ids: Collection[str] | None, limit: int
) -> Sequence[Row[str, int, datetime | None]]:
    """Return (author id, posts, time of the last one that is not deleted), in order of author id.

    Counts the posts up to the id `before` as they were when that id was created.
    """
    query = (
        select(Post.author_id, func.count(), func.max(case((_NOT_DELETED, Post.created_at))))
        .where(Post.id <= before, or_(_NOT_DELETED, Post.deletion_id > before), Post.author_id > (after or ""))
        .group_by(Post.author_id)
        .order_by(Post.author_id)
        .limit(limit)
    )
    return session.execute(query if ids is None else query.where(Post.author_id.in_(ids))).all()


def remove_deleted(session: Session, limit: int) -> int:
    """Remove rows of posts that were deleted a day ago; return how many."""
    return delete_batch(session, Post, limit, Post.deletion_id < first_id(clock.now() - KEEP_DELETED))


def _not_found() -> NotFound:
    return NotFound("There is no such post.")
