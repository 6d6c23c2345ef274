"""The number of unread notifications of users who have many."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table, empty: numbers are stored when they are read. The previous version does not use it."""
    op.create_table(
        "unread_counts",
        sa.Column("user_id", UuidText, primary_key=True),
        sa.Column("unread", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("counted_at", UtcDateTime, nullable=False),
        sqlite_with_rowid=False,
    )
