"""Shows pages to people; everything else that the gateway says is for programs."""

import hashlib
from base64 import b64encode
from importlib import resources

from flask import Flask, Request, Response, render_template, request

from chassis.contract import is_id
from chassis.contract.validation import validate_strings
from chassis.errors import NotFound
from gateway import request_context
from gateway.html import unsubscribe
from gateway.html.page import Page
from gateway.request_context import Headers, Visit
from users.contract import Unsubscribe

_STYLE = resources.files("gateway.html").joinpath("templates/page.css").read_text(encoding="utf-8")
# The page needs nothing but its own style, its button leads here, and nobody may put it into theirs.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def add(app: Flask) -> None:
    """Add the page that asks before the row of the route table does."""
    app.add_url_rule(unsubscribe.PATH, f"{unsubscribe.ROUTE}-page", _ask)


def wanted(http: Request) -> bool:
    """Tell whether a browser asks; programs that take anything do not."""
    return any(kind == "text/html" and quality for kind, quality in http.accept_mimetypes)


def page(shown: Page, headers: Headers | None = None) -> Response:
    """Show a page; `headers` are those of the refusal that it stands for."""
    response = Response(render_template("page.html", page=shown, style=_STYLE), shown.status, mimetype="text/html")
    for name, value in headers or ():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def _ask(token: str) -> Response:
    guest: Visit = request.environ[request_context.KEY]
    guest.route = unsubscribe.ROUTE
    if not is_id(token):
        raise NotFound("There is nothing under this link.")
    return page(unsubscribe.asked(validate_strings(Unsubscribe, request.args.to_dict() | {"token": token})))
