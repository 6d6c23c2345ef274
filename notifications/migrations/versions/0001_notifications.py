"""Notifications, inboxes, deliveries, and the chassis' tables."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import create_chassis_tables

revision = "0001"
down_revision = None

serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_notifications()
    _create_inbox()
    _create_deliveries()
    create_chassis_tables()


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("source", UuidText, unique=True),
        sa.Column("reached", UuidText),
        sa.Column("done", sa.Boolean, nullable=False),
    )


def _create_inbox() -> None:
    unread = sa.text("read_at IS NULL")
    op.create_table(
        "inbox",
        sa.Column("seq", serial, primary_key=True),
        sa.Column("user_id", UuidText, nullable=False),
        sa.Column("notification_id", UuidText, nullable=False),
        sa.Column("read_at", UtcDateTime),
        sa.UniqueConstraint("notification_id", "user_id", name="inbox_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_order", "inbox", ["user_id", "seq"])
    op.create_index("inbox_unread", "inbox", ["user_id"], sqlite_where=unread, postgresql_where=unread)


def _create_deliveries() -> None:
    still_open = sa.text("due_at IS NOT NULL")
    op.create_table(
        "deliveries",
        sa.Column("id", serial, primary_key=True),
        sa.Column("notification_id", UuidText, nullable=False),
        sa.Column("user_id", UuidText, nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("chosen", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("last_error", sa.Text),
        sa.Column("provider_id", sa.String(100)),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("notification_id", "user_id", "channel", name="deliveries_once"),
    )
    columns = ["channel", "due_at"]
    op.create_index("deliveries_due", "deliveries", columns, sqlite_where=still_open, postgresql_where=still_open)
