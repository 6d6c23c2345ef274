"""How the API behaves: to browsers, to those who repeat themselves, to those who measure."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.metrics import measured
from tests.e2e.support.person import Person

Make = Callable[..., Person]
APP = "https://app.example.org"  # as dev/platform/environment.py allows it for tests


def preflight(person: Person, origin: str) -> requests.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    return person.ask("OPTIONS", "/update-account/", headers=asked)


def test_allowed_origin_may_send_requests_with_a_token(new_user: Make) -> None:
    person = new_user()
    asked = preflight(person, APP)
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == APP
    assert "PUT" in asked.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    for path, status in (("/users/all/", 200), ("/all-posts/", 200), ("/all-posts/", 200), ("/nowhere/", 404)):
        reply = person.get(path, headers={"Origin": APP})
        assert reply.status_code == status
        assert reply.headers["Access-Control-Allow-Origin"] == APP
        assert "X-RateLimit-Remaining" in reply.headers["Access-Control-Expose-Headers"]


def test_other_origin_may_not_send_requests(new_user: Make) -> None:
    person = new_user()
    for reply in (preflight(person, "https://evil.example"), person.get("/all-posts/", headers={"Origin": "null"})):
        assert not [name for name in reply.headers if name.startswith("Access-Control-")]
        assert reply.headers["Vary"] == "Origin"


def test_preflight_request_is_not_counted(visitor: Make) -> None:
    person = visitor()
    for _ in range(5):
        preflight(person, APP)
    assert person.get("/all-posts/").headers["X-RateLimit-Remaining"] == "99"


@pytest.mark.parametrize("path", ["/all-posts/", "/nowhere/", "/users/all/", "/livez", "/readyz", "/ws/notifications/"])
def test_every_response_has_security_headers(visitor: Make, path: str) -> None:
    headers = visitor().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_errors_and_private_responses_are_not_cached(new_user: Make) -> None:
    person = new_user()
    for path in ("/users/all/", "/nowhere/", "/sessions/"):
        assert person.get(path).headers["Cache-Control"] == "no-store"
    assert person.post("/notifications/read/", {"all": True}).headers["Cache-Control"] == "no-store"


def test_idempotency_key_in_use_is_a_conflict_and_later_replayed(platform: Instance, new_user: Make) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "slow-1"}
    held = f"hold:create-post:{author.id}:slow-1"

    def write() -> requests.Response:
        return author.post("/create-post/", {"text": "slow"}, headers=headers)

    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as keys, ThreadPoolExecutor(1) as pool:
        platform.control.pause("feeds.service")
        try:
            first = pool.submit(write)
            until(lambda: bool(keys.exists(held)), "the first request to be under way", 10)
            second = write()
        finally:
            platform.control.resume("feeds.service")
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_use")
        assert first.result().status_code == 201
        again = write()
        assert again.json() == first.result().json()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert not keys.exists(held)


def test_rejected_request_does_not_use_up_its_idempotency_key(new_user: Make) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "again-1"}
    assert author.post("/create-post/", {"text": ""}, headers=headers).status_code == 422
    assert author.post("/create-post/", {"text": "now"}, headers=headers).status_code == 201


def test_requests_and_rpc_calls_of_all_processes_are_measured(platform: Instance, new_user: Make, url: str) -> None:
    environment = platform.environment
    call = 'baraza_rpc_client_seconds_count{method="all",outcome="ok",service="users"}'
    answer = 'baraza_http_seconds_count{route="all-users",status="200"}'
    person = new_user()
    before = measured(environment, call), measured(environment, answer)
    for _ in range(10):  # each by a new connection, so by either process
        assert requests.get(f"{url}/users/all/", headers=person.headers, timeout=10).status_code == 200
    assert (measured(environment, call), measured(environment, answer)) == (before[0] + 10, before[1] + 10)
