"""A rate for each route, and what a rebuild of the read model needs. The version before runs beside it."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them."""
    op.add_column("routes", sa.Column("rate", sa.String(40)))
    op.add_column("authors", sa.Column("rebuilt_until", UuidText))
    op.create_table(
        "counted_posts",
        sa.Column("post_id", UuidText, primary_key=True),
        sa.Column("author_id", UuidText, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("counted_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_counted_posts_author_id", "counted_posts", ["author_id"])
    op.create_index("ix_counted_posts_counted_at", "counted_posts", ["counted_at"])
