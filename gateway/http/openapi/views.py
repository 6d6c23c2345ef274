"""Serves the document and the page; both are built once per process."""

import json
from collections.abc import Iterator
from functools import partial
from importlib import resources

from flask import Flask, Response, request

from gateway.http.openapi.document import document
from gateway.routing.table import ROUTES

MAX_AGE = 300  # seconds that a client may cache them
# The page loads nothing from other hosts and may not be embedded.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_OWN = {"index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
# Of Swagger UI's files those that a page without its top bar needs.
_SWAGGER_UI = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


def add(app: Flask) -> None:
    """Add /openapi.json, /docs/ and the files of the page."""
    body = json.dumps(document(ROUTES), ensure_ascii=False).encode()
    app.add_url_rule("/openapi.json", "openapi", partial(_serve, body, "application/json"))
    for name, body, kind in _files():
        path = "" if name == "index.html" else name
        app.add_url_rule(f"/docs/{path}", f"docs/{path}", partial(_serve, body, kind, policy=POLICY))


def _files() -> Iterator[tuple[str, bytes, str]]:
    own = resources.files("gateway.http.openapi") / "page"
    swagger_ui = resources.files("flask_swagger_ui") / "dist"
    for folder, names in ((own, _OWN), (swagger_ui, _SWAGGER_UI)):
        for name, kind in names.items():
            yield name, folder.joinpath(name).read_bytes(), kind


def _serve(body: bytes, kind: str, policy: str | None = None) -> Response:
    """Return the content, or 304 if the client has it."""
    response = Response(body, mimetype=kind)
    response.add_etag()
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE
    if policy:
        response.headers["Content-Security-Policy"] = policy
    response.make_conditional(request)
    return response
