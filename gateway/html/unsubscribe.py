"""The pages behind the unsubscribe link of a mail (RFC 8058).

GET shows a button and changes nothing, because mail scanners follow links; the button, and mail providers, send a POST.
"""

from http import HTTPStatus

from chassis.errors import Invalid, NotFound, ServiceError
from gateway.html.page import HtmlPage
from users.contract import Channel, Unsubscribe

ROUTE = "unsubscribe"
PATH = "/unsubscribe/<token>/"

_CHANNELS: dict[Channel, str] = {"email": "e-mail", "sms": "SMS", "realtime": "real-time notifications"}


def confirm(request: Unsubscribe) -> HtmlPage:
    """Return the page with the button."""
    channel = _CHANNELS[request.channel]
    return HtmlPage(
        "Unsubscribe",
        f"Baraza will send you no more {channel}. Your notifications stay in your inbox there, and in your account you "
        f"can switch {channel} on again.",
        f"Switch {channel} off",
    )


def done(request: Unsubscribe) -> HtmlPage:
    """Return the page after the channel was switched off."""
    channel = _CHANNELS[request.channel]
    return HtmlPage(
        "You are unsubscribed",
        f"Baraza sends you no more {channel}, unless the people who run it choose that way for a message to you. In "
        f"your account you can switch {channel} on again.",
    )


def failed(error: ServiceError) -> HtmlPage:
    """Return the page for an error."""
    if isinstance(error, NotFound | Invalid):
        return HtmlPage(
            "This link does not work", "It is not complete, or its account was deleted.", status=error.status
        )
    return HtmlPage(HTTPStatus(error.status).phrase, error.detail, status=error.status)
