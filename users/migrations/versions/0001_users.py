"""Tables of accounts, sessions and the chassis."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "users",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("username", sa.String(30), nullable=False),
        sa.Column("username_key", sa.String, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String, nullable=False),
        sa.Column("phone", sa.String(16)),
        sa.Column("notify_by", sa.JSON, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("password_changed_at", UtcDateTime, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("deactivated_at", UtcDateTime),
        sa.Column("is_staff", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("username_key", name="users_username_taken"),
        sa.UniqueConstraint("email_key", name="users_email_taken"),
        sa.UniqueConstraint("phone", name="users_phone_taken"),
        sa.CheckConstraint("is_active = (deactivated_at IS NULL)", name="users_active_or_deactivated"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime),
    )
    op.create_index("sessions_by_user", "sessions", ["user_id", "created_at", "expires_at", "revoked_at"])
    op.create_index("sessions_by_end", "sessions", [sa.text("least(expires_at, revoked_at)")])
    create_chassis_tables()
