"""The pages behind the link in a mail (RFC 8058): mail providers press the button by themselves, people see it.

Looking changes nothing, because those who scan mails follow every link.
"""

from http import HTTPStatus

from chassis.errors import NotFound, ServiceError
from gateway.html.page import Page
from users.contract import Channel, Unsubscribe

ROUTE = "unsubscribe"
PATH = "/unsubscribe/<token>/"

_WORDS: dict[Channel, str] = {"email": "e-mail", "sms": "SMS", "realtime": "news on the screen"}


def asked(request: Unsubscribe) -> Page:
    """Ask whoever has followed the link."""
    channel = _WORDS[request.channel]
    return Page(
        "Unsubscribe",
        f"Baraza will send you no more {channel}. What you are told stays in your inbox there, and in your account you "
        f"can switch {channel} on again.",
        f"Switch {channel} off",
    )


def done(request: Unsubscribe) -> Page:
    """Say that it is done."""
    channel = _WORDS[request.channel]
    return Page(
        "You are unsubscribed",
        f"Baraza sends you no more {channel}, unless the people who run it choose that way for a message to you. In "
        f"your account you can switch {channel} on again.",
    )


def refused(refusal: ServiceError) -> Page:
    """Say why it was not done."""
    if isinstance(refusal, NotFound):
        return Page(
            "This link does not work", "It is not complete, or its account was deleted.", status=HTTPStatus.NOT_FOUND
        )
    return Page(HTTPStatus(refusal.status).phrase, refusal.detail, status=refusal.status)
