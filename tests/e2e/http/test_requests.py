"""What every endpoint checks of a request, and what every response contains; no request causes a 5xx."""

import gzip
import uuid

import pytest

from tests.e2e.support.client import PASSWORD, NewClient
from tests.e2e.support.raw_http import exchange
from tests.e2e.support.responses import check_problem, invalid_fields

UNKNOWN = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
JSON = {"Content-Type": "application/json"}
LISTS = ("/all-posts/", "/users/all/", "/notifications/")

INVALID_BODIES = [
    (b"", 400),
    (b"{", 400),
    (b"nonsense", 400),
    (b'{"a": NaN}', 400),
    (b"\xff\xfe", 400),
    (b"[" * 100_000, 400),
    (b"null", 422),
    (b"[]", 422),
    (b'"text"', 422),
    (b"{}", 422),
    (b'{"username": 5, "email": [], "password": {}}', 422),
]


@pytest.mark.parametrize("path", ["/register/", "/login/"])
@pytest.mark.parametrize(("body", "status"), INVALID_BODIES, ids=range(len(INVALID_BODIES)))
def test_invalid_body_gets_a_problem_document(new_client: NewClient, path: str, body: bytes, status: int) -> None:
    check_problem(new_client().request("POST", path, data=body, headers=JSON), status)


def test_body_of_10_megabytes_is_too_large(new_user: NewClient) -> None:
    user = new_user()
    body = b'{"text": "' + b"x" * 10_000_000 + b'"}'
    check_problem(user.request("POST", "/create-post/", data=body, headers=JSON), 413)
    assert user.get("/users/all/").status_code == 200


def test_body_that_is_declared_as_too_large_is_rejected_before_it_arrives(
    gateway_url: str, new_user: NewClient
) -> None:
    user = new_user().use_gateway(gateway_url)
    fields = {**user.headers, **JSON, "Host": "x", "Content-Length": str(2 << 20)}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    answer = exchange(gateway_url, f"POST /create-post/ HTTP/1.1\r\n{head}\r\n".encode(), end=True)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_what_was_created_has_a_location(new_client: NewClient, new_user: NewClient, new_staff: NewClient) -> None:
    user, name = new_user(), f"p_{uuid.uuid4().hex[:12]}"
    post = user.post("/create-post/", {"text": "Karibu"})
    assert user.get(post.headers["Location"]).json() == post.json()
    fields = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    account = new_client().post("/register/", fields)
    assert user.get(account.headers["Location"]).json()["username"] == name
    sent = new_staff().post("/send-notification/", {"user_id": user.id, "message": "Chai?"})
    assert user.get(sent.headers["Location"]).json()["id"] == sent.json()["id"]


def test_chunked_body_of_10_megabytes_is_too_large(new_user: NewClient) -> None:
    chunks = (b"x" * 100_000 for _ in range(100))
    check_problem(new_user().request("POST", "/create-post/", data=chunks, headers=JSON), 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_accepted(new_client: NewClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    check_problem(new_client().request("POST", "/login/", data=b'{"username": "a"}', headers=headers), 415)


def test_compressed_body_is_not_accepted(new_client: NewClient) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}
    check_problem(new_client().request("POST", "/login/", data=gzip.compress(b"{}"), headers=headers), 415)


def test_path_without_slash_redirects_without_scheme_and_host(new_client: NewClient) -> None:
    headers = JSON | {"Host": "baraza.example.org", "X-Forwarded-Proto": "https"}
    for path in ("/login", "//login", "/login?x=//evil.example"):
        response = new_client().request("POST", path, data=b"{}", headers=headers, allow_redirects=False)
        assert response.status_code == 308
        assert response.headers["Location"] == path.replace("//login", "/login").replace("/login", "/login/")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.content == b""


def test_error_names_the_field_also_if_it_may_be_null(new_user: NewClient) -> None:
    response = new_user().put("/update-account/", {"username": "é", "notify_by": ["fax"]})
    assert sorted(invalid_fields(response)) == ["notify_by.0", "username"]


def test_unknown_fields_are_ignored(new_user: NewClient) -> None:
    response = new_user().post("/create-post/", {"text": "hello", "author_id": UNKNOWN, "is_staff": True})
    assert response.status_code == 201
    assert response.json()["author"]["id"] != UNKNOWN


def test_wrong_method_gets_the_allowed_ones(new_client: NewClient) -> None:
    response = new_client().request("DELETE", "/register/")
    check_problem(response, 405)
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/nowhere/", "/post-detail/", f"/post-detail/{UNKNOWN}/x/", "/%00/", "/é/"])
def test_unknown_path_is_not_found(new_client: NewClient, path: str) -> None:
    check_problem(new_client().get(path), 404)


@pytest.mark.parametrize("id_", [UNKNOWN, "1", "null", "%00", "'; drop table posts; --", "x" * 2000, str(uuid.uuid4())])
def test_unknown_id_is_not_found(new_user: NewClient, id_: str) -> None:
    user = new_user()
    for path in (f"/post-detail/{id_}/", f"/users/detail/{id_}/", f"/notifications/detail/{id_}/"):
        check_problem(user.get(path), 404)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "limit=1.5", "limit=-1"])
def test_limit_is_a_number_from_1_to_100(new_user: NewClient, query: str) -> None:
    user = new_user()
    for path in LISTS:
        assert invalid_fields(user.get(f"{path}?{query}")) == ["limit"]


@pytest.mark.parametrize("cursor", ["x", "%00", "!!!!", "YWJj%20", "z" * 500, "J1wn", "enp6eg"])
def test_invalid_cursor_is_rejected(new_user: NewClient, cursor: str) -> None:
    user = new_user()
    for path in LISTS:
        response = user.get(f"{path}?cursor={cursor}")
        assert invalid_fields(response) == ["cursor"]


def test_pages_contain_every_item_once(new_user: NewClient) -> None:
    author = new_user()
    created = [author.create_post(f"page {number}")["id"] for number in range(7)]
    seen: list[str] = []
    path = "/all-posts/?limit=3"
    while True:
        response = author.get(path)
        seen += [item["id"] for item in response.json()["items"]]
        if set(created) <= set(seen):
            break
        path = response.links["next"]["url"]
        assert response.json()["next"] in path
    assert [post for post in seen if post in created] == created[::-1]
    assert len(set(seen)) == len(seen)


def test_request_id_is_taken_from_the_client_or_created(new_client: NewClient) -> None:
    client = new_client()
    response = client.get("/all-posts/", headers={"X-Request-ID": "my-request-1"})
    assert response.headers["X-Request-ID"] == "my-request-1"
    assert client.get("/all-posts/").headers["X-Request-ID"] != client.get("/all-posts/").headers["X-Request-ID"]


def test_unchanged_response_is_304(new_user: NewClient) -> None:
    author = new_user()
    path = f"/post-detail/{author.create_post('etag')['id']}/"
    first, cached = author.get(path), author.get(path)
    assert first.headers["ETag"] == cached.headers["ETag"]
    for _ in range(2):
        unchanged = author.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("path", LISTS)
def test_head_returns_headers_without_a_body(new_user: NewClient, path: str) -> None:
    user = new_user()
    head = user.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(user.get(path).content)


def test_probes_of_a_running_platform_answer_200(new_client: NewClient) -> None:
    client = new_client()
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").json()["status"] == "ready"
