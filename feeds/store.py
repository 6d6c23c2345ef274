"""All SQL of the feeds service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.ids import new_id
from feeds.models import Post


def add(session: Session, author_id: str, text: str) -> Post:
    """Store a post."""
    post = Post(id=new_id(), author_id=author_id, text=text, created_at=clock.now())
    session.add(post)
    session.flush()
    return post


def get(session: Session, post_id: str) -> Post | None:
    """Find one post."""
    return session.get(Post, post_id)


def newest(session: Session, limit: int, before: str | None) -> list[Post]:
    """Return posts, newest first, older than the one with the id `before`."""
    query = select(Post).order_by(Post.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Post.id < before)
    return list(session.scalars(query))


def delete_of(session: Session, author_id: str, limit: int) -> int:
    """Delete some posts of an author and return how many."""
    some = select(Post.id).where(Post.author_id == author_id).limit(limit)
    deletion = delete(Post).where(Post.id.in_(some.scalar_subquery()))
    result: Any = session.execute(deletion, execution_options={"synchronize_session": False})
    return int(result.rowcount)


def authors(session: Session, before: str, after: str | None, limit: int) -> Sequence[Row[str, int, datetime]]:
    """Return id, number of posts and moment of the last one of the authors of all posts up to an id, by author."""
    query = (
        select(Post.author_id, func.count(), func.max(Post.created_at))
        .where(Post.id <= before, Post.author_id > (after or ""))
        .group_by(Post.author_id)
        .order_by(Post.author_id)
        .limit(limit)
    )
    return session.execute(query).all()
