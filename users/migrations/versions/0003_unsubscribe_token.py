"""A secret for each account's unsubscribe links. The version before runs beside it."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText
from chassis.db.migrations import add_traceparent

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add it; version 4 of UUIDs is 122 random bits, and needs no extension."""
    add_traceparent()
    secret = sa.Column("unsubscribe_token", UuidText, nullable=False, server_default=sa.text("gen_random_uuid()::text"))
    op.add_column("users", secret)
    op.create_unique_constraint("users_unsubscribe_token", "users", ["unsubscribe_token"])
