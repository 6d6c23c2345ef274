"""Errors of several routes."""

from chassis.errors import Forbidden, TooManyRequests

TOO_MANY_CODES = TooManyRequests("There were too many codes; wait a little.", "too_many_codes")
REGISTRATION_CLOSED = (
    Forbidden("No account can be opened here.", "registration_closed"),
    Forbidden("An account can be opened with an invitation only.", "invitation_required"),
)
