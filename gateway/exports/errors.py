"""The errors of the endpoints of exports."""

from chassis.errors import Conflict, NotFound, TooManyRequests


def no_export() -> NotFound:
    """Return the error for a user who has not started an export."""
    return NotFound("There is no export. POST /account/export/ starts one.", "no_export")


def not_ready() -> Conflict:
    """Return the error while the first export is being made."""
    return Conflict("The export is being made; you will be notified when it is ready.", "export_not_ready")


def too_many(retry_after: int | None = None) -> TooManyRequests:
    """Return the error after the exports of a day; another one may be started in `retry_after` seconds."""
    return TooManyRequests("There were too many exports today; try again later.", "too_many_exports", (), retry_after)
