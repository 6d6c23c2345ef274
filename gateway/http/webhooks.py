"""The webhook of Africa's Talking: delivery reports and opt-outs.

The provider signs nothing, so a secret is part of the address that is entered in its dashboard. Both kinds of message
are posted to the same address and differ in their fields.
"""

import hmac
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from flask import Flask, Request, Response, request
from pydantic import BeforeValidator, Field
from werkzeug.exceptions import MethodNotAllowed, NotFound

from chassis.contract import Empty, Message, Text
from chassis.contract.validation import validate
from chassis.errors import DeadlineExceeded, Unavailable
from gateway.http.backends import Backends
from gateway.http.problems import Malformed, UnsupportedMedia
from gateway.http.request_parsing import read_body
from gateway.request.context import CONTEXT_KEY
from gateway.rpc.client import RpcClient
from notifications.contract import ReportDelivery
from users.contract import E164, OptOut

PREFIX = "/callbacks/africastalking/"
FORM = "application/x-www-form-urlencoded"
FIELDS = 100  # of a form
# All, so that the answer to another method does not reveal whether a secret is right.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _restore_plus(text: object) -> object:
    """Return a phone number with its plus, which a form's encoding turns into a space."""
    return f"+{text.strip()}" if isinstance(text, str) and text.strip().isdecimal() else text


Number = Annotated[E164, BeforeValidator(_restore_plus)]


class DeliveryReport(Message):
    """The status of an SMS; the vendor's field names."""

    id: Annotated[Text, Field(min_length=1, max_length=100)]
    status: Annotated[Text, Field(min_length=1, max_length=40)]
    phone: Number | None = Field(default=None, alias="phoneNumber", repr=False)
    reason: Annotated[Text, Field(max_length=200)] | None = Field(default=None, alias="failureReason")


class OptOutMessage(Message):
    """A recipient who wants no more SMS of a sender; the vendor's field names."""

    sender: Annotated[Text, Field(min_length=1, max_length=40, alias="senderId")]
    phone: Number = Field(alias="phoneNumber", repr=False)


class WebhookSecret:
    """The secret in the webhook's address; empty: there is no webhook."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def in_path(self, path: str) -> bool:
        """Return whether a request's path contains the secret; takes the same time for all paths of a length."""
        given = path.removeprefix(PREFIX).rstrip("/")
        return path.startswith(PREFIX) and self.matches(given)

    def matches(self, given: str) -> bool:
        """Return whether a text is the secret."""
        return bool(self._secret) and hmac.compare_digest(given.encode(), self._secret)


def add(app: Flask, backends: Backends, secret: WebhookSecret) -> None:
    """Add the endpoint; a wrong secret is answered like an unknown path."""

    def view(secret_in_path: str) -> Response:
        if not secret.matches(secret_in_path):
            raise NotFound
        if request.method != "POST":
            raise MethodNotAllowed(["POST"])
        request.environ[CONTEXT_KEY].route = "africastalking"
        receive(backends.rpc, _form(request))
        return Response(status=204)

    app.add_url_rule(f"{PREFIX}<secret_in_path>/", "africastalking", view, methods=METHODS, strict_slashes=False)


def receive(rpc: RpcClient, form: Mapping[str, str]) -> None:
    """Pass a form on to its service. Raises Invalid; raises Unavailable if it was not stored: the vendor repeats it."""
    try:
        if "senderId" in form and "id" not in form:
            opt_out = validate(OptOutMessage, form)
            rpc.call_as_gateway("users.opt_out", OptOut(phone=opt_out.phone), Empty)
        else:
            report = validate(DeliveryReport, form)
            message = ReportDelivery(
                provider_id=report.id, status=report.status, reason=report.reason or None, phone=report.phone
            )
            rpc.call_as_gateway("notifications.delivery_report", message, Empty)
    except DeadlineExceeded as error:
        raise Unavailable("This could not be stored in time; send it again.") from error


def _form(http: Request) -> dict[str, str]:
    body = read_body(http)
    if http.mimetype != FORM:
        raise UnsupportedMedia(f"Send a form, with Content-Type: {FORM}.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise Malformed("The body is not a valid form.") from None
