"""The texts of notifications."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from feeds.contract import PostCreated
from notifications.contract import SendNotification
from users.contract import ERASED, CodePurpose

EXCERPT = 200  # characters of a post in a notification

DEFAULT_TITLE = "Message"
POST_DELETED = "This post was deleted."


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a notification."""

    kind: str
    title: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


def for_post(post: PostCreated) -> Content:
    """Return the content of the notification about a new post."""
    data = {"post_id": post.id, "author_id": post.author_id, "author_username": post.author_username}
    return Content("post_created", f"{post.author_username} posted", post_excerpt(post.text), data)


def post_excerpt(text: str) -> str:
    """Return the beginning of a post, at most EXCERPT characters."""
    return excerpt(text, EXCERPT)


def for_erased_post(post_id: str, author_id: str) -> Content:
    """Return the content about a post whose author deleted their account: without name and text."""
    data = {"post_id": post_id, "author_id": author_id, "author_username": ERASED, "deleted": True}
    return Content("post_created", f"{ERASED} posted", POST_DELETED, data)


def for_request(request: SendNotification) -> Content:
    """Return the content of a notification that staff or a service sends to one user."""
    return Content("message", request.title or DEFAULT_TITLE, request.message)


CODE = "code"  # kind of a notification
_CODE_USES: dict[CodePurpose, str] = {
    "verify_email": "{} confirms this e-mail address.",
    "verify_phone": "{} confirms this phone number.",
    "reset_password": "{} sets a new password.",
    "sign_in": "{} lets you sign in on a new device.",
}


def for_code(purpose: CodePurpose, digits: str = "Your code") -> Content:
    """Return the content of a message with a one-time code; without digits, as it is stored."""
    use = _CODE_USES[purpose].format(digits)
    return Content(
        CODE, "Your code", f"{use} It is valid for 15 minutes. If you did not ask for it, ignore this message."
    )


def one_line(text: str) -> str:
    """Replace line breaks and control characters by spaces, as the header of an e-mail needs it."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _one(_char: str) -> int:
    return 1


def excerpt(text: str, limit: int, mark: str = "…", cost: Callable[[str], int] = _one) -> str:
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
