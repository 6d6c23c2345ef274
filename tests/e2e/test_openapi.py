"""The public OpenAPI document and its page, which loads nothing from other hosts."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest

from tests.e2e.support.person import Person

Make = Callable[..., Person]
OURS = ["/docs/", "/docs/page.css", "/docs/page.js"]
KINDS = {"css": "text/css", "js": "text/javascript", "png": "image/png", "json": "application/json"}


def test_document_is_public_and_rate_limited(visitor: Make) -> None:
    person = visitor()
    reply = person.get("/openapi.json")
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.json()["openapi"].startswith("3.1.")
    assert int(person.get("/openapi.json").headers["X-RateLimit-Remaining"]) == 98


@pytest.mark.parametrize("path", ["/openapi.json", *OURS])
def test_document_with_matching_etag_is_304(visitor: Make, path: str) -> None:
    person = visitor()
    first = person.get(path)
    assert "max-age" in first.headers["Cache-Control"]
    again = person.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/openapi.json", *OURS])
def test_head_of_the_document_has_its_headers(visitor: Make, path: str) -> None:
    head = visitor().ask("HEAD", path, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(visitor().get(path).content)


def test_gateway_serves_every_file_of_the_page(visitor: Make) -> None:
    person = visitor()
    page = person.get("/docs/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    asked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(asked) >= 6
    for file in asked:
        reply = person.get(urljoin("/docs/", file))
        assert reply.status_code == 200
        assert reply.headers["Content-Type"].partition(";")[0] == KINDS[file.rpartition(".")[2]]


@pytest.mark.parametrize("path", OURS)
def test_page_links_to_no_other_host(visitor: Make, path: str) -> None:
    assert "//" not in re.sub(r"^\s*//.*$", "", visitor().get(path).text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", [*OURS, "/docs/swagger-ui-bundle.js"])
def test_content_security_policy_forbids_other_hosts_and_inline_scripts(visitor: Make, path: str) -> None:
    rules = dict(rule.split(" ", 1) for rule in visitor().get(path).headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "<script>" not in visitor().get("/docs/").text


@pytest.mark.parametrize("path", ["/docs/nothing.js", "/docs/../setup.cfg", "/docs/oauth2-redirect.html", "/docs/x/y"])
def test_other_file_of_the_page_is_not_found(visitor: Make, path: str) -> None:
    reply = visitor().get(path)
    assert (reply.status_code, reply.headers["Content-Type"]) == (404, "application/problem+json")


def test_path_without_a_slash_redirects_to_the_page(visitor: Make) -> None:
    reply = visitor().get("/docs", allow_redirects=False)
    assert reply.status_code == 308
    assert reply.headers["Location"].endswith("/docs/")
