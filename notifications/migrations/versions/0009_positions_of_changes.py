"""The places of read marks and changed texts in the order of commits, for replays."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add columns and indexes. Rows of the previous version have no place; they are found by their time."""
    op.add_column("notifications", sa.Column("changed_after", sa.BigInteger))
    op.add_column("inbox", sa.Column("read_after", sa.BigInteger))
    _index("notifications_changed_after", "notifications", "changed_after")
    _index("inbox_read_after", "inbox", "user_id", "read_after")


def _index(name: str, table: str, *columns: str) -> None:
    where = sa.text(f"{columns[-1]} IS NOT NULL")
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
