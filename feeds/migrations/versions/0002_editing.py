"""Posts that were edited or deleted, and the way to one author's."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import add_traceparent

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both; the version before runs beside it and sees a deleted post as an empty one for a moment."""
    add_traceparent()
    op.add_column("posts", sa.Column("edited_at", UtcDateTime))
    op.add_column("posts", sa.Column("deletion_id", UuidText))
    op.create_index("posts_by_author", "posts", ["author_id", "id"])
    op.drop_index("ix_posts_author_id", "posts")
    deleted = sa.text("deletion_id IS NOT NULL")
    op.create_index("posts_deleted", "posts", ["deletion_id"], sqlite_where=deleted, postgresql_where=deleted)
