"""What people read: the wording of notifications, and how long texts are cut."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from feeds.contract import PostCreated
from notifications.channels.sms import encoding
from notifications.contract import SendNotification
from users.contract import ERASED

EXCERPT = 200  # characters of a post
DOTS = "..."  # in a text message, where one `…` would cost half of its room

PLAIN_TITLE = "Message"
DELETED = "This post was deleted."


@dataclass(frozen=True, slots=True)
class Content:
    """A notification before it has an id."""

    kind: str
    title: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


def about_post(post: PostCreated) -> Content:
    """Say that somebody posted."""
    data = {"post_id": post.id, "author_id": post.author_id, "author_username": post.author_username}
    return Content("post_created", f"{post.author_username} posted", of_post(post.text), data)


def of_post(text: str) -> str:
    """Return as much of a post as a notification quotes."""
    return excerpt(text, EXCERPT)


def about_erased_post(post_id: str, author_id: str) -> Content:
    """Say what is left to say of a post whose author has left."""
    data = {"post_id": post_id, "author_id": author_id, "author_username": ERASED, "deleted": True}
    return Content("post_created", f"{ERASED} posted", DELETED, data)


def from_sender(request: SendNotification) -> Content:
    """Pass on what staff or a service says."""
    return Content("message", request.title or PLAIN_TITLE, request.message)


def sms(title: str, message: str) -> str:
    """Put all of it into one text message: several parts cost several times as much."""
    text = f"Baraza: {title}: {message}"
    short = excerpt(text, encoding.SEPTETS, DOTS, encoding.septets)
    return short if encoding.is_plain(short) else excerpt(text, encoding.UNITS, DOTS, encoding.units)


def one_line(text: str) -> str:
    """Make one line of it, without control characters: what a mail's header may hold."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _one(_char: str) -> int:
    return 1


def excerpt(text: str, limit: int, mark: str = "…", cost: Callable[[str], int] = _one) -> str:
    """Cut a text so that its characters cost at most `limit`, the mark included; line breaks become spaces.

    It is cut at a word, unless that would leave less than half: not every script has spaces.
    """
    text = " ".join(text.split())
    if _fitting(text, limit, cost) == len(text):
        return text
    room = _fitting(text, limit - sum(map(cost, mark)), cost)
    whole_words, _, _ = text[: room + 1].rpartition(" ")
    return (whole_words if 2 * len(whole_words) >= room else text[:room]) + mark


def _fitting(text: str, limit: int, cost: Callable[[str], int]) -> int:
    """Return how many of a text's first characters cost at most `limit`."""
    return sum(total <= limit for total in accumulate(map(cost, text)))
