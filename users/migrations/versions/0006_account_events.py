"""What happened to each account."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add their table; the previous version does not use it."""
    op.create_table(
        "account_events",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("session_id", UuidText),
        sa.Column("address", sa.String(64)),
        sa.Column("user_agent", sa.String(200)),
    )
    op.create_index("account_events_by_user", "account_events", ["user_id", "id"])
