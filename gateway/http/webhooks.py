"""What Africa's Talking posts to us: delivery reports, and that somebody wants no more SMS.

It can sign nothing, so a secret is part of the address that is entered in its dashboard. Both kinds of news come to the
same address and are told apart by their fields.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from flask import Flask, Request, Response, request
from pydantic import BeforeValidator, Field
from werkzeug.exceptions import MethodNotAllowed, NotFound

from chassis.contract import Empty, Message, Text
from chassis.contract.validation import validate
from chassis.errors import DeadlineExceeded, Unavailable
from gateway import request_context
from gateway.backends import Backends
from gateway.http.problems import Malformed, UnsupportedMedia
from gateway.http.request_parsing import body_of
from gateway.rpc.client import RpcClient
from notifications.contract import ReportDelivery
from users.contract import E164, OptOut

PREFIX = "/callbacks/africastalking/"
FORM = "application/x-www-form-urlencoded"
FIELDS = 100  # of a form
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # all, so that none tells whether a secret is right

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,}")


def _international(text: object) -> object:
    """Put back the plus that a form's encoding takes for a space."""
    return f"+{text.strip()}" if isinstance(text, str) and text.strip().isdecimal() else text


Number = Annotated[E164, BeforeValidator(_international)]


class Report(Message):
    """What became of a message; the vendor's field names."""

    id: Annotated[Text, Field(min_length=1, max_length=100)]
    status: Annotated[Text, Field(min_length=1, max_length=40)]
    phone: Number | None = Field(default=None, alias="phoneNumber", repr=False)
    reason: Annotated[Text, Field(max_length=200)] | None = Field(default=None, alias="failureReason")


class Stop(Message):
    """Somebody wants no more SMS of a sender."""

    sender: Annotated[Text, Field(min_length=1, max_length=40, alias="senderId")]
    phone: Number = Field(alias="phoneNumber", repr=False)


class Callbacks:
    """Knows the secret; an empty one opens nothing. One that is short, or no part of a path, stops the start."""

    def __init__(self, secret: str) -> None:
        if secret and not _SECRET.fullmatch(secret):
            raise SystemExit("config.yml: AFRICASTALKING_CALLBACK_SECRET: expected 16 or more letters and digits")
        self._secret = secret.encode()

    def lead_to(self, path: str) -> bool:
        """Tell whether a request's path holds the secret, in a time that says nothing about it."""
        given = path.removeprefix(PREFIX).rstrip("/")
        return path.startswith(PREFIX) and self.know(given)

    def know(self, given: str) -> bool:
        """Tell whether a text is the secret."""
        return bool(self._secret) and hmac.compare_digest(given.encode(), self._secret)


def add(app: Flask, backends: Backends, callbacks: Callbacks) -> None:
    """Add the endpoint. Without the secret it is not there."""

    def view(secret: str) -> Response:
        if not callbacks.know(secret):
            raise NotFound
        if request.method != "POST":
            raise MethodNotAllowed(["POST"])
        request.environ[request_context.KEY].route = "africastalking"
        receive(backends.rpc, _form(request))
        return Response(status=204, headers={"Cache-Control": "no-store"})

    app.add_url_rule(f"{PREFIX}<secret>/", "africastalking", view, methods=METHODS, strict_slashes=False)


def receive(rpc: RpcClient, form: Mapping[str, str]) -> None:
    """Pass on what a form says. Raises Invalid, and Unavailable where it was not stored: then the vendor repeats it."""
    try:
        if "senderId" in form and "id" not in form:
            stop = validate(Stop, form)
            rpc.ask("users.opt_out", OptOut(phone=stop.phone), Empty)
        else:
            report = validate(Report, form)
            said = ReportDelivery(
                provider_id=report.id, status=report.status, reason=report.reason or None, phone=report.phone
            )
            rpc.ask("notifications.delivery_report", said, Empty)
    except DeadlineExceeded as error:
        raise Unavailable("This could not be stored in time; send it again.") from error


def _form(http: Request) -> dict[str, str]:
    body = body_of(http)
    if http.mimetype != FORM:
        raise UnsupportedMedia(f"Send a form, with Content-Type: {FORM}.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise Malformed("The body is not a valid form.") from None
