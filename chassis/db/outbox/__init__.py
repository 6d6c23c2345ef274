"""The transactional outbox: its rows, the relay that publishes them, and the log of what was published."""

from chassis.db.outbox.store import add

__all__ = ["add"]
