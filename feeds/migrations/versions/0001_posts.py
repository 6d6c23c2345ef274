"""Tables of posts and of the chassis."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "posts",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("author_id", UuidText, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_posts_author_id", "posts", ["author_id"])
    create_chassis_tables()
