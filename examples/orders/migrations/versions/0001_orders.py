"""Orders, invoices, and the tables of the chassis."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import add_event_log, add_traceparent, create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "orders",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("placed_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "invoices",
        sa.Column("order_id", UuidText, primary_key=True),
        sa.Column("total", sa.Integer, nullable=False),
    )
    create_chassis_tables()
    add_traceparent()
    add_event_log()
