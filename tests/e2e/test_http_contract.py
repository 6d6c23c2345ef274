"""The HTTP contract: statuses, problem documents, headers; whatever is sent, never a 5xx."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.support.person import PASSWORD, Person, problem

Make = Callable[..., Person]
UNKNOWN = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"


def fields(reply: Any) -> set[str]:
    return {error["field"] for error in problem(reply, 422)["errors"]}


@pytest.mark.parametrize("token", [None, "", "garbage", "a" * 43, "ü", "x" * 5000])
def test_protected_route_requires_a_valid_token(visitor: Make, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    reply = visitor().get("/users/all/", headers=headers)
    problem(reply, 401)
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_logout_ends_only_its_own_token(new_user: Make) -> None:
    person = new_user()
    first = person.token
    person.login()
    assert person.post("/logout/", headers={"Authorization": f"Bearer {first}"}).status_code == 204
    problem(person.get("/users/all/", headers={"Authorization": f"Bearer {first}"}), 401)
    assert person.get("/users/all/").status_code == 200
    assert person.post("/logout/?everywhere=true").status_code == 204
    problem(person.get("/users/all/"), 401)


def test_token_is_accepted_as_a_scheme_too(new_user: Make) -> None:
    person = new_user()
    assert person.get("/users/all/", headers={"Authorization": f"Token {person.token}"}).status_code == 200


def test_account_is_complete_for_its_owner_and_a_profile_for_others(new_user: Make) -> None:
    owner, other = new_user(phone=None), new_user()
    mine = owner.get(f"/users/detail/{owner.id}/").json()
    assert set(mine) == {"id", "username", "email", "phone", "notify_by", "is_active", "is_staff", "created_at"}
    assert set(other.get(f"/users/detail/{owner.id}/").json()) == {"id", "username", "created_at"}
    listed = other.get("/users/all/?limit=2").json()
    assert all(set(profile) == {"id", "username", "created_at"} for profile in listed["items"])


BAD_BODIES = [
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
@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_invalid_body_gets_a_problem_document(visitor: Make, path: str, body: bytes, status: int) -> None:
    reply = visitor().ask("POST", path, data=body, headers={"Content-Type": "application/json"})
    problem(reply, status)


def test_body_of_10_megabytes_is_too_large(new_user: Make) -> None:
    body = b'{"text": "' + b"x" * 10_000_000 + b'"}'
    person = new_user()
    problem(person.ask("POST", "/create-post/", data=body, headers={"Content-Type": "application/json"}), 413)
    assert person.get("/users/all/").status_code == 200


def test_chunked_body_of_10_megabytes_is_too_large(new_user: Make) -> None:
    chunks = (b"x" * 100_000 for _ in range(100))
    reply = new_user().ask("POST", "/create-post/", data=chunks, headers={"Content-Type": "application/json"})
    problem(reply, 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_accepted(visitor: Make, kind: str) -> None:
    problem(visitor().ask("POST", "/login/", data=b'{"username": "a"}', headers={"Content-Type": kind}), 415)


def test_wrong_method_gets_the_allowed_ones(visitor: Make) -> None:
    reply = visitor().ask("DELETE", "/register/")
    problem(reply, 405)
    assert "POST" in reply.headers["Allow"]


@pytest.mark.parametrize("path", ["/nowhere/", "/post-detail/", f"/post-detail/{UNKNOWN}/x/", "/%00/", "/é/"])
def test_unknown_path_is_not_found(visitor: Make, path: str) -> None:
    problem(visitor().get(path), 404)


@pytest.mark.parametrize("id_", [UNKNOWN, "1", "null", "%00", "'; drop table posts; --", "x" * 2000, str(uuid.uuid4())])
def test_unknown_ids_are_not_found(new_user: Make, id_: str) -> None:
    person = new_user()
    for path in (f"/post-detail/{id_}/", f"/users/detail/{id_}/", f"/notifications/detail/{id_}/"):
        problem(person.get(path), 404)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "limit=1.5", "limit=-1"])
def test_limit_is_a_number_from_1_to_100(new_user: Make, query: str) -> None:
    person = new_user()
    for path in ("/all-posts/", "/users/all/", "/notifications/"):
        assert fields(person.get(f"{path}?{query}")) == {"limit"}


@pytest.mark.parametrize("cursor", ["x", "%00", "!!!!", "YWJj%20", "z" * 500, "J1wn"])
def test_invalid_cursor_is_rejected(new_user: Make, cursor: str) -> None:
    person = new_user()
    for path in ("/all-posts/", "/users/all/", "/notifications/"):
        reply = person.get(f"{path}?cursor={cursor}")
        assert reply.status_code in {200, 422}
        if reply.status_code == 422:
            assert fields(reply) == {"cursor"}


def test_pages_contain_every_item_once(new_user: Make) -> None:
    author = new_user()
    mine = [author.writes(f"page {number}")["id"] for number in range(7)]
    seen: list[str] = []
    path = "/all-posts/?limit=3"
    while True:
        reply = author.get(path)
        seen += [item["id"] for item in reply.json()["items"]]
        if set(mine) <= set(seen):
            break
        path = reply.links["next"]["url"]
        assert reply.json()["next"] in path
    assert [post for post in seen if post in mine] == mine[::-1]
    assert len(set(seen)) == len(seen)


BAD_ACCOUNTS = [
    ({"username": "ab"}, "username"),
    ({"username": "a" * 31}, "username"),
    ({"username": "with space"}, "username"),
    ({"username": "dröge"}, "username"),
    ({"email": "not-an-address"}, "email"),
    ({"email": "a@b"}, "email"),
    ({"email": "a@example.org\nBcc: x@example.org"}, "email"),
    ({"password": "short"}, "password"),
    ({"password": "x" * 129}, "password"),
    ({"password": "password1"}, "password"),
    ({"phone": "0711"}, "phone"),
    ({"phone": 254711}, "phone"),
    ({"notify_by": ["pigeon"]}, "notify_by.0"),
    ({"notify_by": ["sms"]}, "notify_by"),
    ({"notify_by": "email"}, "notify_by"),
    ({"username": "nul\0nul"}, "username"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD_ACCOUNTS)
def test_registration_names_the_invalid_field(visitor: Make, wrong: dict[str, Any], field: str) -> None:
    person = visitor()
    body = {"username": person.name, "email": person.email, "password": PASSWORD} | wrong
    assert fields(person.post("/register/", body)) == {field}


def test_username_and_email_are_unique_ignoring_case(visitor: Make) -> None:
    first, second = visitor(), visitor()
    first.register()
    taken = {"username": first.name.upper(), "email": second.email, "password": PASSWORD}
    assert problem(second.post("/register/", taken), 409)["errors"][0]["field"] == "username"
    taken = {"username": second.name, "email": first.email.upper(), "password": PASSWORD}
    assert problem(second.post("/register/", taken), 409)["errors"][0]["field"] == "email"


def test_unknown_user_and_wrong_password_get_the_same_response(visitor: Make) -> None:
    person = visitor()
    person.register()
    wrong = person.post("/login/", {"username": person.name, "password": "not the password"})
    unknown = person.post("/login/", {"username": "unknown_user", "password": "not the password"})
    problems = [{k: v for k, v in problem(reply, 401).items() if k != "request_id"} for reply in (wrong, unknown)]
    assert problems[0] == problems[1]


def test_login_works_by_username_or_email(visitor: Make) -> None:
    person = visitor()
    person.register()
    for name in ({"username": person.name.upper()}, {"email": person.email}, {"username": person.email}):
        reply = person.post("/login/", name | {"password": PASSWORD})
        assert reply.status_code == 200
        assert set(reply.json()) == {"token", "token_type", "expires_at", "user"}


def test_new_password_requires_the_current_one_and_ends_other_sessions(new_user: Make) -> None:
    person = new_user()
    other = person.token
    person.login()
    new = {"password": "a brand new passphrase"}
    assert "current_password" in fields(person.put("/update-account/", new))
    assert "current_password" in fields(person.put("/update-account/", new | {"current_password": "wrong one"}))
    assert person.put("/update-account/", new | {"current_password": PASSWORD}).status_code == 200
    problem(person.get("/users/all/", headers={"Authorization": f"Bearer {other}"}), 401)
    assert person.get("/users/all/").status_code == 200


TEXTS = ["", " \n\t ", "x" * 5001, "nul\0", 5, None, ["a"]]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_post_has_1_to_5000_visible_characters(new_user: Make, text: object) -> None:
    assert fields(new_user().post("/create-post/", {"text": text})) == {"text"}


def test_lone_surrogate_is_rejected(new_user: Make) -> None:
    body, headers = b'{"text": "\\ud800"}', {"Content-Type": "application/json"}
    assert fields(new_user().ask("POST", "/create-post/", data=body, headers=headers)) == {"text"}


KEPT = ["x" * 5000, "\N{GRINNING FACE}" * 5000, "مرحبا", "e\u0301", " leading and trailing ", "<b>&amp;</b>", "\u202e"]


@pytest.mark.parametrize("text", KEPT, ids=range(len(KEPT)))
def test_text_is_stored_unchanged(new_user: Make, text: str) -> None:
    author = new_user()
    assert author.writes(text)["text"] == text
    assert author.get("/all-posts/?limit=1").json()["items"][0]["text"] == text


def test_unknown_fields_are_ignored(new_user: Make) -> None:
    reply = new_user().post("/create-post/", {"text": "hello", "author_id": UNKNOWN, "is_staff": True})
    assert reply.status_code == 201
    assert reply.json()["author"]["id"] != UNKNOWN


def test_the_same_idempotency_key_writes_once(new_user: Make) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "post-1"}
    first = author.post("/create-post/", {"text": "once"}, headers=headers)
    again = author.post("/create-post/", {"text": "once"}, headers=headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert fields(author.post("/create-post/", {"text": "other"}, headers=headers)) == {"Idempotency-Key"}
    other = new_user().post("/create-post/", {"text": "other"}, headers=headers)
    assert other.status_code == 201


def test_request_id_is_taken_from_the_client_or_created(visitor: Make) -> None:
    person = visitor()
    assert person.get("/all-posts/", headers={"X-Request-ID": "my-request-1"}).headers["X-Request-ID"] == "my-request-1"
    assert person.get("/all-posts/").headers["X-Request-ID"] != person.get("/all-posts/").headers["X-Request-ID"]


def test_unchanged_response_is_304(new_user: Make) -> None:
    author = new_user()
    path = f"/post-detail/{author.writes('etag')['id']}/"
    first, cached = author.get(path), author.get(path)
    assert first.headers["ETag"] == cached.headers["ETag"]
    for _ in range(2):
        unchanged = author.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("path", ["/all-posts/", "/users/all/", "/notifications/"])
def test_head_returns_headers_without_a_body(new_user: Make, path: str) -> None:
    person = new_user()
    head = person.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(person.get(path).content)


def test_probes_answer(visitor: Make) -> None:
    person = visitor()
    assert person.get("/livez").status_code == 200
    assert person.get("/readyz").json()["status"] == "ready"
