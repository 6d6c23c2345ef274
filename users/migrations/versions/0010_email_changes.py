"""Changed e-mail addresses, which their owners can restore."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add their table; the previous version does not use it, so changes made by it cannot be restored."""
    op.create_table(
        "email_changes",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    for column in ("user_id", "email_key", "changed_at"):
        op.create_index(f"ix_email_changes_{column}", "email_changes", [column])
