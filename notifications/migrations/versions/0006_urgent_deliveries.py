"""Urgent deliveries: one-time codes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; for the previous version no delivery is urgent."""
    op.add_column("deliveries", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    where = sa.text("urgent AND due_at IS NOT NULL")
    op.create_index(
        "deliveries_urgent", "deliveries", ["channel", "due_at"], sqlite_where=where, postgresql_where=where
    )
