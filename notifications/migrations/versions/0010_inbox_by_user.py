"""One index of a user's inbox instead of two: a fan-out writes a page of it for each user."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the new index first, so that the previous version, which may still run, always has one.

    With many rows this takes a while: events wait in their queue, and calls that write are answered 503.
    """
    op.create_index("inbox_by_user", "inbox", ["user_id", "seq", "read_at"])
    op.drop_index("inbox_order", "inbox")
    op.drop_index("inbox_unread", "inbox")
