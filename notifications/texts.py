"""The texts of notifications."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from feeds.contract import PostCreated
from notifications.contract import SendNotification
from notifications.shortening import one_line, shorten
from users.contract import ERASED, CodePurpose, SecurityNoticeDetails, SecurityNoticeKind

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
    return shorten(text, EXCERPT)


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


SECURITY = "security"  # kind of a notification
PROGRAM = 100  # characters of a client's `User-Agent` in a notice
_REACT = "Set a new password with a code to this address (forgotten password). That ends all sessions."


class Notice(NamedTuple):
    """The text of a security notice: its title, what happened, and what to do if the owner did not do it."""

    title: str
    what: str
    otherwise: str


_NOTICES: dict[SecurityNoticeKind, Notice] = {
    "new_device": Notice(
        "New sign-in to your account",
        "Somebody signed in to your account on a new device.",
        _REACT,
    ),
    "password_changed": Notice(
        "Your password was changed",
        "The password of your account was changed.",
        _REACT,
    ),
    "password_reset": Notice(
        "Your password was changed",
        "The password of your account was set by a code. All sessions have ended.",
        f"Secure your mailbox and your phone first: the code went to one of them. {_REACT}",
    ),
    "email_changed": Notice(
        "Your e-mail address was changed",
        "The e-mail address of your account was changed. This address is not that of the account any more.",
        "Open this link within 72 hours. It restores this address, ends all sessions and makes the password unusable.",
    ),
    "email_restored": Notice(
        "Your e-mail address was restored",
        f"The e-mail address of your account was restored, and the old password does not work any more. {_REACT}",
        "Secure your mailbox: a link in a mail to it was used.",
    ),
    "phone_changed": Notice(
        "Your phone number was changed",
        "The phone number of your account was changed.",
        _REACT,
    ),
    "second_factor_added": Notice(
        "A second factor was added",
        "Logins to your account now need a code of an authenticator app.",
        f"{_REACT} Then ask the people who run Baraza to remove the authenticator app.",
    ),
    "second_factor_removed": Notice(
        "The second factor was removed",
        "Logins to your account no longer need a code of an authenticator app.",
        _REACT,
    ),
    "recovery_code_used": Notice(
        "A recovery code was used",
        "A recovery code was used in place of your authenticator app. It cannot be used again.",
        f"Somebody has your recovery codes. {_REACT} Then remove the second factor and add it again.",
    ),
    "identity_linked": Notice(
        "Another way to sign in was added",
        "An account at the identity provider can now sign in to your account.",
        f"{_REACT} Then remove the identity.",
    ),
}


def security_notice(kind: SecurityNoticeKind) -> Content:
    """Return the content of a security notice as it is stored, without details."""
    return Content(SECURITY, _NOTICES[kind].title, _NOTICES[kind].what)


def for_security_notice(notice: SecurityNoticeDetails) -> Content:
    """Return the content of a security notice: what happened, when, from where, and what to do."""
    text = _NOTICES[notice.kind]
    lines = [text.what, "", f"When: {notice.occurred_at:%Y-%m-%d %H:%M} UTC"]
    if notice.client_address:
        lines.append(f"From: {notice.client_address}")
    if notice.user_agent:
        lines.append(f"Program: {shorten(one_line(notice.user_agent), PROGRAM)}")
    lines += ["", f"If it was not you: {text.otherwise}"]
    return Content(SECURITY, text.title, "\n".join(lines))
