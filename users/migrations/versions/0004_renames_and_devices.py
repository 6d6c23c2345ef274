"""When each user name was set."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add it, by default the current time: no name is newer, and the previous version inserts rows without it."""
    changed_at = sa.Column("username_changed_at", UtcDateTime, nullable=False, server_default=sa.func.now())
    op.add_column("users", changed_at)
