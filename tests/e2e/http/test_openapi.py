"""The OpenAPI document and the documentation page, which load nothing from other hosts."""

import re
from urllib.parse import urljoin

import pytest

from tests.e2e.support.client import NewClient

OWN_FILES = ["/docs/", "/docs/page.css", "/docs/page.js"]
CONTENT_TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png", "json": "application/json"}


def test_document_is_public_and_rate_limited(new_client: NewClient) -> None:
    client = new_client()
    response = client.get("/openapi.json")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json()["openapi"].startswith("3.1.")
    assert int(client.get("/openapi.json").headers["X-RateLimit-Remaining"]) == 98


@pytest.mark.parametrize("path", ["/openapi.json", *OWN_FILES])
def test_document_with_matching_etag_is_304(new_client: NewClient, path: str) -> None:
    client = new_client()
    first = client.get(path)
    assert "max-age" in first.headers["Cache-Control"]
    second = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize("path", ["/openapi.json", *OWN_FILES])
def test_head_of_the_document_has_its_headers(new_client: NewClient, path: str) -> None:
    head = new_client().request("HEAD", path, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(new_client().get(path).content)


def test_gateway_serves_every_file_of_the_page(new_client: NewClient) -> None:
    client = new_client()
    page = client.get("/docs/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(files) >= 6
    for file in files:
        response = client.get(urljoin("/docs/", file))
        assert response.status_code == 200
        assert response.headers["Content-Type"].partition(";")[0] == CONTENT_TYPES[file.rpartition(".")[2]]


@pytest.mark.parametrize("path", OWN_FILES)
def test_page_links_to_no_other_host(new_client: NewClient, path: str) -> None:
    assert "//" not in re.sub(r"^\s*//.*$", "", new_client().get(path).text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", [*OWN_FILES, "/docs/swagger-ui-bundle.js"])
def test_content_security_policy_forbids_other_hosts_and_inline_scripts(new_client: NewClient, path: str) -> None:
    policy = new_client().get(path).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "<script>" not in new_client().get("/docs/").text


@pytest.mark.parametrize("path", ["/docs/nothing.js", "/docs/../setup.cfg", "/docs/oauth2-redirect.html", "/docs/x/y"])
def test_other_file_of_the_page_is_not_found(new_client: NewClient, path: str) -> None:
    response = new_client().get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")


def test_path_without_a_slash_redirects_to_the_page(new_client: NewClient) -> None:
    response = new_client().get("/docs", allow_redirects=False)
    assert response.status_code == 308
    assert response.headers["Location"].endswith("/docs/")
