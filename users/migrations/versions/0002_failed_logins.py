"""Columns for the use of sessions, and a table of failed logins."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them; `last_seen_at` has a default, because the previous version inserts rows without it."""
    op.add_column("sessions", sa.Column("last_seen_at", UtcDateTime, nullable=False, server_default=sa.func.now()))
    op.add_column("sessions", sa.Column("user_agent", sa.String(200)))
    op.create_table(
        "guesses",
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("failed_at", UtcDateTime, nullable=False),
        sa.Column("open_at", UtcDateTime),
    )
    op.create_index("guesses_since", "guesses", ["since"])
