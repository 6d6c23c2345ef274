"""Fits a text into limited room."""

from collections.abc import Callable
from itertools import accumulate

_JOINERS = "\u200c\u200d"  # not printable for Python, but a part of emoji and of words in Persian and Indic scripts


def one_line(text: str) -> str:
    """Replace line breaks and control characters by spaces, as the header of an e-mail needs it."""
    return " ".join("".join(char if char.isprintable() or char in _JOINERS else " " for char in text).split())


def _one(_char: str) -> int:
    return 1


def shorten(text: str, limit: int, mark: str = "…", cost: Callable[[str], int] = _one) -> str:
    """Cut a text so that its characters cost at most `limit`, including `mark`; line breaks become spaces.

    Cuts between words, unless that would leave less than half of the room: not every script has spaces.
    """
    text = " ".join(text.split())
    if _fitting(text, limit, cost) == len(text):
        return text
    room = _fitting(text, limit - sum(map(cost, mark)), cost)
    whole_words, _, _ = text[: room + 1].rpartition(" ")
    return (whole_words if 2 * len(whole_words) >= room else text[:room]) + mark


def _fitting(text: str, limit: int, cost: Callable[[str], int]) -> int:
    """Return how many of the first characters cost at most `limit` together."""
    return sum(total <= limit for total in accumulate(map(cost, text)))
