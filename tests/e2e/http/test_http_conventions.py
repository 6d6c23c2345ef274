"""Headers of all responses: CORS, browser security, caching; and the metrics of requests."""

import pytest
import requests

from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.metrics import metric_sum

ALLOWED_ORIGIN = "https://app.example.org"  # ALLOWED_ORIGINS in dev/platform/environment.py


def preflight(client: Client, origin: str) -> requests.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    return client.request("OPTIONS", "/update-account/", headers=headers)


def test_allowed_origin_may_send_requests_with_a_token(new_user: NewClient) -> None:
    user = new_user()
    preflighted = preflight(user, ALLOWED_ORIGIN)
    assert preflighted.status_code == 204
    assert preflighted.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert "PUT" in preflighted.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflighted.headers["Access-Control-Allow-Headers"]
    for path, status in (("/users/all/", 200), ("/all-posts/", 200), ("/all-posts/", 200), ("/nowhere/", 404)):
        response = user.get(path, headers={"Origin": ALLOWED_ORIGIN})
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
        assert "X-RateLimit-Remaining" in response.headers["Access-Control-Expose-Headers"]


def test_other_origin_may_not_send_requests(new_user: NewClient) -> None:
    user = new_user()
    for response in (preflight(user, "https://evil.example"), user.get("/all-posts/", headers={"Origin": "null"})):
        assert not [name for name in response.headers if name.startswith("Access-Control-")]
        assert response.headers["Vary"] == "Origin"


def test_preflight_request_is_not_counted(new_client: NewClient) -> None:
    client = new_client()
    for _ in range(5):
        preflight(client, ALLOWED_ORIGIN)
    assert client.get("/all-posts/").headers["X-RateLimit-Remaining"] == "99"


@pytest.mark.parametrize("path", ["/all-posts/", "/nowhere/", "/users/all/", "/livez", "/readyz", "/ws/notifications/"])
def test_every_response_has_security_headers(new_client: NewClient, path: str) -> None:
    headers = new_client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_errors_and_private_responses_are_not_cached(new_user: NewClient) -> None:
    user = new_user()
    for path in ("/users/all/", "/nowhere/", "/sessions/", "/", "/livez", "/readyz"):
        assert user.get(path).headers["Cache-Control"] == "no-store"
    assert user.post("/notifications/read/", {"all": True}).headers["Cache-Control"] == "no-store"


def test_cacheable_response_may_be_stored_whether_it_was_cached_or_not(new_user: NewClient) -> None:
    user = new_user(notify_by=[])
    post = user.create_post("stored by clients")["id"]
    for path in (f"/post-detail/{post}/", f"/all-posts/?author={user.id}"):
        for _ in range(4):  # both processes of the gateway, without and with a cached response
            response = user.get(path)
            assert response.headers["Cache-Control"] == "no-cache"
            revalidated = user.get(path, headers={"If-None-Match": response.headers["ETag"]})
            assert (revalidated.status_code, revalidated.headers["Cache-Control"]) == (304, "no-cache")


def test_requests_and_rpc_calls_of_all_processes_are_measured(
    platform: Instance, new_user: NewClient, url: str
) -> None:
    samples = (
        'baraza_rpc_client_seconds_count{method="all",outcome="ok",service="users"}',
        'baraza_http_seconds_count{route="all-users",status="200"}',
    )
    user = new_user()
    before = [metric_sum(platform.environment, sample) for sample in samples]
    for _ in range(10):  # each on a new connection, so that either process can accept it
        assert requests.get(f"{url}/users/all/", headers=user.headers, timeout=10).status_code == 200
    assert [metric_sum(platform.environment, sample) for sample in samples] == [count + 10 for count in before]
