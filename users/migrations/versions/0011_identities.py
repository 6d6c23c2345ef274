"""Sign-ins at an identity provider, and the identities that are linked to accounts."""

import sqlalchemy as sa
from alembic import op

from chassis.db.columns import UtcDateTime, UuidText

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add them; the previous version ignores them, and all its accounts have a password."""
    op.add_column("users", sa.Column("password_unset_at", UtcDateTime))
    op.create_table(
        "identities",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("last_used_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("issuer", "subject", name="identities_subject"),
    )
    op.create_table(
        "provider_sign_ins",
        sa.Column("state_hash", sa.String(64), primary_key=True),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("user_id", UuidText, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
        sa.Column("code_hash", sa.String(64)),
        sa.Column("claims", sa.JSON),
    )
