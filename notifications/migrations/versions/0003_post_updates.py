"""Post updates, delivery receipts, SMS counts, and indexes of unfinished and old rows.

The previous version can run on the new tables.
"""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import add_traceparent

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables, columns and indexes."""
    add_traceparent()
    _add_post_updates()
    _add_sms()
    _add_retention_indexes()


def _add_post_updates() -> None:
    op.add_column("notifications", sa.Column("as_of", UtcDateTime))
    op.add_column("notifications", sa.Column("changed_at", UtcDateTime))
    _index("notifications_unfinished", "notifications", "NOT done", "created_at")
    _index("notifications_changed", "notifications", "changed_at IS NOT NULL", "changed_at")
    op.create_table(
        "post_news",
        sa.Column("post_id", UuidText, primary_key=True),
        sa.Column("text", sa.Text),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_post_news_changed_at", "post_news", ["changed_at"])


def _add_sms() -> None:
    _index("deliveries_by_provider_id", "deliveries", "provider_id IS NOT NULL", "provider_id")
    op.create_table(
        "delivery_reports",
        sa.Column("provider_id", sa.String(100), primary_key=True),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_delivery_reports_created_at", "delivery_reports", ["created_at"])
    op.create_table(
        "sms_counts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("used", sa.Integer, nullable=False),
    )


def _add_retention_indexes() -> None:
    _index("inbox_read", "inbox", "read_at IS NOT NULL", "read_at")
    _index("inbox_read_by", "inbox", "read_at IS NOT NULL", "user_id", "read_at")
    _index("deliveries_finished", "deliveries", "due_at IS NULL", "updated_at")


def _index(name: str, table: str, where: str, *columns: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
