"""Renders HTML pages for browsers; API clients get JSON."""

import hashlib
from base64 import b64encode
from importlib import resources

from flask import Request, Response
from jinja2 import Template

from gateway.html.page import HtmlPage
from gateway.request.context import Headers

_TEMPLATES = resources.files("gateway.html") / "templates"
_STYLE = _TEMPLATES.joinpath("page.css").read_text(encoding="utf-8")
_PAGE = Template(_TEMPLATES.joinpath("page.html").read_text(encoding="utf-8"), autoescape=True)
# Only the page's own style, and forms that post to the gateway; the page may not be embedded.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def wants_html(http: Request) -> bool:
    """Return whether the client accepts HTML explicitly; `*/*` is not enough."""
    return any(kind == "text/html" and quality for kind, quality in http.accept_mimetypes)


def render(page: HtmlPage, headers: Headers | None = None) -> Response:
    """Return a page as a response; `headers` are those of the error that it shows."""
    response = Response(_PAGE.render(page=page, style=_STYLE), page.status, mimetype="text/html")
    for name, value in headers or ():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = POLICY
    return response
