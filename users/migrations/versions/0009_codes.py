"""One-time codes, and which addresses were verified by them."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add them; the previous version does not use them.

    No address counts as verified (docs/operations/upgrade-from-0.1.0.md).
    """
    for name in ("email_verified_at", "phone_verified_at"):
        op.add_column("users", sa.Column(name, UtcDateTime))
    op.create_table(
        "codes",
        sa.Column("account", sa.String(36), primary_key=True),
        sa.Column("purpose", sa.String(20), primary_key=True),
        sa.Column("id", UuidText, nullable=False, unique=True),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_codes_expires_at", "codes", ["expires_at"])
