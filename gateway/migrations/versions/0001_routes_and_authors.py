"""Routing information and the read model of authors, and the chassis' tables."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.migrations import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "routes",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("target", sa.String(100), nullable=False),
        sa.Column("cache_seconds", sa.Integer, nullable=False),
        sa.Column("deadline", sa.Float, nullable=False),
    )
    op.create_table(
        "authors",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("username", sa.String(30), nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("posts", sa.Integer, nullable=False),
        sa.Column("last_post_at", UtcDateTime),
    )
    create_chassis_tables()
