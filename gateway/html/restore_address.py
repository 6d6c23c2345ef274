"""The pages behind the link in the mail about a changed e-mail address.

GET shows a button and changes nothing, because mail scanners follow links; the button sends a POST.
"""

from http import HTTPStatus

from chassis.errors import Invalid, NotFound, ServiceError
from gateway.html.page import HtmlPage
from users.contract import RestoreAddress

ROUTE = "restore-address"
PATH = "/restore-address/"


def confirm(_request: RestoreAddress) -> HtmlPage:
    """Return the page with the button."""
    return HtmlPage(
        "Restore your e-mail address",
        "If you did not change the e-mail address of your account, restore it here. This ends all sessions and makes"
        " the present password unusable. Then set a new password with a code to the restored address.",
        "Restore the address",
    )


def done(_request: RestoreAddress) -> HtmlPage:
    """Return the page after the address was restored."""
    return HtmlPage(
        "Your address is restored",
        "All sessions have ended, and the password does not work any more. Set a new one now: choose the forgotten"
        " password in the app that you use, and enter the code that you get at this address.",
    )


def failed(error: ServiceError) -> HtmlPage:
    """Return the page for an error."""
    if isinstance(error, NotFound | Invalid):
        return HtmlPage(
            "This link does not work",
            "It was used, it is older than 72 hours, or it is not complete; or an address that your account had earlier"
            " was restored.",
            status=error.status,
        )
    return HtmlPage(HTTPStatus(error.status).phrase, error.detail, status=error.status)
