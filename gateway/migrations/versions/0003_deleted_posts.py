"""Deletions count too. The version before runs beside it."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText
from chassis.db.migrations import add_traceparent

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let a fact about a post be its deletion."""
    add_traceparent()
    op.add_column("counted_posts", sa.Column("deletes", UuidText))
    deletion = sa.text("deletes IS NOT NULL")
    op.create_index("counted_deletions", "counted_posts", ["author_id", "created_at"], postgresql_where=deletion)
