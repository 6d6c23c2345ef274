"""Texts of notifications, and how long texts are shortened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from feeds.contract import PostCreated
from notifications.contract import SendNotification
from users.contract import ERASED

EXCERPT = 200  # characters of a post

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
    """Return the content about a new post."""
    data = {"post_id": post.id, "author_id": post.author_id, "author_username": post.author_username}
    return Content("post_created", f"{post.author_username} posted", of_post(post.text), data)


def of_post(text: str) -> str:
    """Return the excerpt of a post that a notification contains."""
    return excerpt(text, EXCERPT)


def about_erased_post(post_id: str, author_id: str) -> Content:
    """Return the content about a post whose author's account was deleted."""
    data = {"post_id": post_id, "author_id": author_id, "author_username": ERASED, "deleted": True}
    return Content("post_created", f"{ERASED} posted", DELETED, data)


def from_sender(request: SendNotification) -> Content:
    """Return the content of a notification that staff or a service sends."""
    return Content("message", request.title or PLAIN_TITLE, request.message)


def one_line(text: str) -> str:
    """Replace line breaks and control characters by spaces, as an e-mail header requires."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _one(_char: str) -> int:
    return 1


def excerpt(text: str, limit: int, mark: str = "…", cost: Callable[[str], int] = _one) -> str:
    """Shorten a text so that its characters cost at most `limit`, including the mark; line breaks become spaces.

    It is cut between words, unless that would leave less than half: not every script has spaces.
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
