"""Exports of what is stored about a user."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add their tables; the previous version does not use them."""
    op.create_table(
        "exports",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("user_id", UuidText, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("cursor", sa.String(200)),
        sa.Column("chunks", sa.Integer, nullable=False),
    )
    making, due = sa.text("state = 'making'"), sa.text("due_at IS NOT NULL")
    op.create_index("exports_making", "exports", ["user_id"], unique=True, postgresql_where=making)
    op.create_index("exports_of_user", "exports", ["user_id", "requested_at"])
    op.create_index("exports_due", "exports", ["due_at"], postgresql_where=due)
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])
    op.create_table(
        "export_chunks",
        sa.Column("export_id", UuidText, sa.ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("section", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
