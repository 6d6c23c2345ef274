"""A secret for the unsubscribe links of each account."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UuidText
from chassis.db.migrations import add_traceparent

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add it: a UUIDv4, 122 random bits, by default, because the previous version inserts rows without it."""
    add_traceparent()
    secret = sa.Column("unsubscribe_token", UuidText, nullable=False, server_default=sa.text("gen_random_uuid()::text"))
    op.add_column("users", secret)
    op.create_unique_constraint("users_unsubscribe_token", "users", ["unsubscribe_token"])
