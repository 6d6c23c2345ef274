"""The frame sequence of each user, and an index of open deliveries by status.

The previous version can run on the new tables.
"""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table and replace the index."""
    op.create_table(
        "frame_sequences",
        sa.Column("user_id", UuidText, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},  # room for new versions of a row on the same page
    )
    is_open = sa.text("due_at IS NOT NULL")
    columns = ["channel", "status", "due_at"]
    op.create_index("deliveries_open", "deliveries", columns, sqlite_where=is_open, postgresql_where=is_open)
    op.drop_index("deliveries_due", "deliveries")
