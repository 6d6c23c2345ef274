"""Converts rows to the models of the contract."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from feeds import contract, models


def post(row: models.Post | Row[Any]) -> contract.Post:
    """Return a post."""
    return contract.Post(
        id=row.id, author_id=row.author_id, text=row.text, created_at=row.created_at, edited_at=row.edited_at
    )


def authors(rows: Sequence[Row[str, int, datetime | None]], limit: int) -> contract.AuthorPostsPage:
    """Return a page of `limit` authors; one row more means that there is a next page."""
    items = [
        contract.AuthorPosts(author_id=author_id, posts=count, last_post_at=last)
        for author_id, count, last in rows[:limit]
    ]
    return contract.AuthorPostsPage(items=items, next=items[-1].author_id if len(rows) > limit else None)
