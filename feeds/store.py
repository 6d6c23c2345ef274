"""All SQL of the feeds service."""

from sqlalchemy import select
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
