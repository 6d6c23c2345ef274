"""The event log, and what this service has handled of other services' logs."""

from chassis.db.migrations import add_event_log

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add their tables; the previous version does not use them."""
    add_event_log()
