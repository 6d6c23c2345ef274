"""Authors whose accounts were deleted."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add their table; the previous version does not use it."""
    op.create_table(
        "erased_authors",
        sa.Column("author_id", UuidText, primary_key=True),
        sa.Column("erased_at", UtcDateTime, nullable=False),
    )
