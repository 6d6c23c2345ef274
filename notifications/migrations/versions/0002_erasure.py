"""The author of the post that a notification is about, and deleted accounts."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add column and table. PostgreSQL and SQLite have the same JSON operator."""
    op.add_column("notifications", sa.Column("author_id", UuidText))
    op.execute("UPDATE notifications SET author_id = data ->> 'author_id' WHERE kind = 'post_created'")
    op.create_index("ix_notifications_author_id", "notifications", ["author_id"])
    op.create_table("erased", sa.Column("user_id", UuidText, primary_key=True))
