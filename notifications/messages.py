"""What people read: the wording of notifications, and how long texts are cut."""

from dataclasses import dataclass, field
from typing import Any

from feeds.contract import PostCreated
from notifications.contract import SendNotification
from users.contract import ERASED

EXCERPT = 200  # characters of a post
SMS = 160  # characters: one message, as long as all of them are in GSM 03.38

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
    return Content("post_created", f"{post.author_username} posted", excerpt(post.text, EXCERPT), data)


def about_erased_post(post_id: str, author_id: str) -> Content:
    """Say what is left to say of a post whose author has left."""
    data = {"post_id": post_id, "author_id": author_id, "author_username": ERASED, "deleted": True}
    return Content("post_created", f"{ERASED} posted", DELETED, data)


def from_sender(request: SendNotification) -> Content:
    """Pass on what staff or a service says."""
    return Content("message", request.title or PLAIN_TITLE, request.message)


def sms(title: str, message: str) -> str:
    """Put all of it into one text message; three dots, since one `…` would double its price."""
    return excerpt(f"Baraza: {title}: {message}", SMS, "...")


def one_line(text: str) -> str:
    """Make one line of it, without control characters: what a mail's header may hold."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def excerpt(text: str, limit: int, mark: str = "…") -> str:
    """Cut a text at a word so that it has at most `limit` characters, the mark included; line breaks become spaces."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    room = limit - len(mark)
    whole_words, space, _ = text[: room + 1].rpartition(" ")
    return (whole_words if space else text[:room]) + mark
