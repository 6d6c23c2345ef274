"""The error of notifications that clients of the gateway get."""

from chassis.errors import Conflict


def recipient_not_active() -> Conflict:
    """Return the error for a notification to a user who is not active."""
    return Conflict("The recipient is not active; nothing was sent.", "recipient_not_active")
