"""Parcels."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "parcels",
        sa.Column("order_id", UuidText, primary_key=True),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
    )
