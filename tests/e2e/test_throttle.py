"""Limits as they are by default: 100 an hour for an address, 1000 for a user, fewer for login and register."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.load import asking
from tests.e2e.support.person import PASSWORD, Person, received

Make = Callable[..., Person]


def test_address_may_send_100_requests_an_hour_over_all_processes(visitor: Make) -> None:
    person = visitor()
    replies = [person.get("/all-posts/") for _ in range(101)]
    assert [reply.status_code for reply in replies] == [200] * 100 + [429]
    assert [int(reply.headers["X-RateLimit-Remaining"]) for reply in replies] == [*range(99, -1, -1), 0]
    rejected = replies[-1]
    assert rejected.json()["code"] == "throttled"
    assert rejected.headers["X-RateLimit-Limit"] == "100"
    assert 3500 < int(rejected.headers["Retry-After"]) <= 3600
    assert abs(int(rejected.headers["X-RateLimit-Reset"]) - time.time() - 3600) < 60
    assert visitor().get("/all-posts/").status_code == 200


def test_user_has_one_rate_limit_from_every_address(new_user: Make) -> None:
    person = new_user()
    assert person.get("/all-posts/").headers["X-RateLimit-Limit"] == "1000"
    before = int(person.get("/all-posts/").headers["X-RateLimit-Remaining"])
    person.address = "203.0.113.7"
    assert int(person.get("/users/all/").headers["X-RateLimit-Remaining"]) == before - 1


def test_every_response_has_rate_limit_headers(visitor: Make) -> None:
    person = visitor()
    for path in ("/all-posts/", "/nowhere/", "/users/all/"):
        headers = person.get(path).headers
        assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= headers.keys()


def test_password_guessing_from_many_addresses_is_stopped_without_locking_out_the_owner(
    new_user: Make, visitor: Make
) -> None:
    victim, attackers = new_user(), [visitor() for _ in range(8)]
    socket = victim.listen()
    received(socket)

    def attempt(number: int) -> requests.Response:
        attacker = attackers[number % 8]
        attacker.address = f"198.18.{number // 250}.{number % 250}"
        return attacker.post("/login/", {"username": victim.name, "password": "a wrong password"})

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(attempt, range(1000)))
    codes = Counter(reply.status_code for reply in replies)
    assert codes.keys() == {401, 429}
    assert 20 <= codes[401] <= 100
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in replies if reply.status_code == 429)
    new = {"password": "a brand new passphrase", "current_password": PASSWORD}
    assert victim.put("/update-account/", new).status_code == 200
    new_user().writes("still there?")
    assert received(socket)["message"] == "still there?"


def test_without_redis_requests_are_counted_and_answered(platform: Instance, new_user: Make) -> None:
    person = new_user()
    platform.control.stop("redis")
    try:
        replies = [person.get(path) for path in ("/users/all/", "/all-posts/", "/notifications/")]
        replies.append(person.post("/create-post/", {"text": "without Redis"}))
        assert [reply.status_code for reply in replies] == [200, 200, 200, 201]
        assert all("X-RateLimit-Remaining" in reply.headers for reply in replies)
    finally:
        platform.control.start("redis")
    until(lambda: person.get("/all-posts/").json()["items"][0]["text"] == "without Redis", "Redis to be used again", 10)


def test_stopping_redis_under_load_fails_no_request(platform: Instance, new_user: Make) -> None:
    author, *readers = (new_user() for _ in range(4))
    paths = ("/all-posts/", "/users/all/", "/notifications/")
    reading = [partial(reader.get, path) for reader, path in zip(readers, paths, strict=True)]
    with asking(*reading, partial(author.post, "/create-post/", {"text": "under load"})) as seen:
        platform.control.stop("redis")
        platform.control.start("redis")
    assert set(seen) == {200, 201}
