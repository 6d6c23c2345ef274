"""When each user name was set, and where each session began. The previous version runs beside it."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them. By default a user name was set at the current time: then none that is stored elsewhere is newer."""
    changed_at = sa.Column("username_changed_at", UtcDateTime, nullable=False, server_default=sa.func.now())
    op.add_column("users", changed_at)
    for name in ("address", "device"):
        op.add_column("sessions", sa.Column(name, sa.String(32)))
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"sessions_by_{name}", "sessions", ["user_id", name], postgresql_where=where)
    op.create_index("guesses_by_account", "guesses", [sa.text("split_part(subject, ':', 2)")])
