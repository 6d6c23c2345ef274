"""Invitations to open an account."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add their table; the previous version does not use it."""
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("email_key", sa.String),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
