"""Columns of edited and deleted posts, and an index of posts by author."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import add_traceparent

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them; the previous version shows a deleted post with an empty text until it is stopped."""
    add_traceparent()
    op.add_column("posts", sa.Column("edited_at", UtcDateTime))
    op.add_column("posts", sa.Column("deletion_id", UuidText))
    op.create_index("posts_by_author", "posts", ["author_id", "id"])
    op.drop_index("ix_posts_author_id", "posts")
    deleted = sa.text("deletion_id IS NOT NULL")
    op.create_index("posts_deleted", "posts", ["deletion_id"], sqlite_where=deleted, postgresql_where=deleted)
