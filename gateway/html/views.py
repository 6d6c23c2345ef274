"""The HTML endpoints: the start page, and the pages behind the links of mails."""

from flask import Flask, Response, jsonify, request

from chassis.contract import is_id
from chassis.contract.validation import validate_strings
from chassis.errors import NotFound
from gateway.html import restore_address, unsubscribe
from gateway.html.page import HtmlPage
from gateway.html.rendering import render, wants_html
from gateway.request.context import CONTEXT_KEY, RequestContext
from users.contract import RestoreAddress, Unsubscribe

_LINKS = {"docs": "/docs/", "openapi": "/openapi.json"}
_START = HtmlPage(
    "Baraza",
    "This is the API of a Baraza installation: accounts, posts, and notifications in real time, by e-mail and by SMS.",
    links=(("/docs/", "Documentation of the API"), ("/openapi.json", "OpenAPI document")),
)

# The pages for errors, by route.
FAILED = {unsubscribe.ROUTE: unsubscribe.failed, restore_address.ROUTE: restore_address.failed}


def add(app: Flask) -> None:
    """Add the endpoints."""
    app.add_url_rule("/", "start", _start)
    app.add_url_rule(unsubscribe.PATH, f"{unsubscribe.ROUTE}-page", _confirm_unsubscribe)
    app.add_url_rule(restore_address.PATH, f"{restore_address.ROUTE}-page", _confirm_restore_address)


def _start() -> Response:
    if wants_html(request):
        return render(_START)
    return jsonify(name="Baraza", **_LINKS)


def _confirm_unsubscribe(token: str) -> Response:
    context: RequestContext = request.environ[CONTEXT_KEY]
    context.route = unsubscribe.ROUTE
    if not is_id(token):
        raise NotFound("There is nothing under this link.")
    fields = request.args.to_dict() | {"token": token}
    return render(unsubscribe.confirm(validate_strings(Unsubscribe, fields)))


def _confirm_restore_address() -> Response:
    context: RequestContext = request.environ[CONTEXT_KEY]
    context.route = restore_address.ROUTE
    return render(restore_address.confirm(validate_strings(RestoreAddress, request.args.to_dict())))
