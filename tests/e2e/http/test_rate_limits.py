"""The default limits: 100 requests an hour for an IP address, 1,000 for a user, fewer for login and register."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, NewClient
from tests.e2e.support.frames import receive
from tests.e2e.support.load import counting_statuses


def test_address_may_send_100_requests_an_hour_over_all_processes(new_client: NewClient) -> None:
    client = new_client()
    responses = [client.get("/all-posts/") for _ in range(101)]
    assert [response.status_code for response in responses] == [200] * 100 + [429]
    assert [int(response.headers["X-RateLimit-Remaining"]) for response in responses] == [*range(99, -1, -1), 0]
    rejected = responses[-1]
    assert rejected.json()["code"] == "throttled"
    assert rejected.headers["X-RateLimit-Limit"] == "100"
    assert 3500 < int(rejected.headers["Retry-After"]) <= 3600
    assert abs(int(rejected.headers["X-RateLimit-Reset"]) - time.time() - 3600) < 60
    assert new_client().get("/all-posts/").status_code == 200


def test_user_has_one_rate_limit_from_every_address(new_user: NewClient) -> None:
    user = new_user()
    assert user.get("/all-posts/").headers["X-RateLimit-Limit"] == "1000"
    before = int(user.get("/all-posts/").headers["X-RateLimit-Remaining"])
    user.ip_address = "203.0.113.7"
    assert int(user.get("/users/all/").headers["X-RateLimit-Remaining"]) == before - 1


def test_every_response_has_rate_limit_headers(new_client: NewClient) -> None:
    client = new_client()
    for path in ("/all-posts/", "/nowhere/", "/users/all/"):
        headers = client.get(path).headers
        assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= headers.keys()


def test_password_guessing_from_many_addresses_does_not_lock_out_the_owner(
    new_user: NewClient, new_client: NewClient
) -> None:
    user, attackers = new_user(), [new_client() for _ in range(8)]
    credentials = {"username": user.username, "password": PASSWORD}
    device_token = user.post("/login/", credentials).json()["device_token"]
    websocket = user.connect()
    receive(websocket)

    def login(number: int) -> requests.Response:
        attacker = attackers[number % 8]
        attacker.ip_address = f"198.18.{number // 250}.{number % 250}"
        return attacker.post("/login/", {"username": user.username, "password": "a wrong password"})

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(login, range(1000)))
    statuses = Counter(response.status_code for response in responses)
    assert statuses.keys() == {401, 429}
    assert 20 <= statuses[401] < 100
    assert all(int(response.headers["Retry-After"]) > 0 for response in responses if response.status_code == 429)
    elsewhere = new_client()
    assert elsewhere.post("/login/", credentials).json()["code"] == "too_many_failures"
    assert elsewhere.post("/login/", credentials | {"device_token": device_token}).status_code == 200
    assert user.post("/login/", credentials).status_code == 200
    new = {"password": "a brand new passphrase", "current_password": PASSWORD}
    assert user.put("/update-account/", new).status_code == 200
    new_user().create_post("after the attempts")
    assert receive(websocket)["message"] == "after the attempts"


def test_password_guessing_from_one_address_does_not_affect_other_addresses(
    new_user: NewClient, new_client: NewClient
) -> None:
    user, attacker, elsewhere = new_user(), new_client(), new_client()
    wrong = {"username": user.username.upper(), "password": "a wrong password"}
    statuses = Counter(attacker.post("/login/", wrong).status_code for _ in range(70))
    assert statuses[401] <= 20
    elsewhere.username = user.username
    elsewhere.login()


def test_without_redis_requests_are_counted_and_answered(platform: Instance, new_user: NewClient) -> None:
    user = new_user()
    platform.control.stop("redis")
    try:
        responses = [user.get(path) for path in ("/users/all/", "/all-posts/", "/notifications/")]
        responses.append(user.post("/create-post/", {"text": "without Redis"}))
        assert [response.status_code for response in responses] == [200, 200, 200, 201]
        assert all("X-RateLimit-Remaining" in response.headers for response in responses)
    finally:
        platform.control.start("redis")
    until(lambda: user.get("/all-posts/").json()["items"][0]["text"] == "without Redis", "Redis to be used again", 30)


def test_stopping_redis_under_load_fails_no_request(platform: Instance, new_user: NewClient) -> None:
    author, *readers = (new_user() for _ in range(4))
    paths = ("/all-posts/", "/users/all/", "/notifications/")
    reads = [partial(reader.get, path) for reader, path in zip(readers, paths, strict=True)]
    with counting_statuses(*reads, partial(author.post, "/create-post/", {"text": "under load"})) as statuses:
        platform.control.stop("redis")
        platform.control.start("redis")
    assert set(statuses) == {200, 201}
