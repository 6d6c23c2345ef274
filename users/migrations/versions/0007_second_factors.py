"""Second factors and their recovery codes."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add them; for the previous version, which runs beside this one, no login needs a second factor."""
    op.add_column("users", sa.Column("second_factor_since", UtcDateTime))
    op.create_table(
        "second_factors",
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("last_step", sa.BigInteger),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
    )
