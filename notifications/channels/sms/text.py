"""Puts a notification into one SMS: each further part costs as much again."""

from notifications.channels.sms import encoding
from notifications.wording import excerpt

MARK = "..."  # of a shortened text; `…` is not in the basic alphabet and would halve the length of the SMS


def one_part(title: str, message: str) -> str:
    """Return the text of an SMS, shortened to one part."""
    text = f"Baraza: {title}: {message}"
    short = excerpt(text, encoding.SEPTETS, MARK, encoding.septets)
    return short if encoding.is_plain(short) else excerpt(text, encoding.UNITS, MARK, encoding.units)
