"""Limits as they are by default: 100 an hour for an address, 1000 for a user, fewer for login and register."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from docker.dev.instance import Instance
from docker.dev.waiting import until
from tests.e2e.support.load import asking
from tests.e2e.support.person import Person

Make = Callable[..., Person]


def test_an_address_may_ask_100_times_an_hour_over_all_gateway_processes(stranger: Make) -> None:
    person = stranger()
    replies = [person.get("/all-posts/") for _ in range(101)]
    assert [reply.status_code for reply in replies] == [200] * 100 + [429]
    assert [int(reply.headers["X-RateLimit-Remaining"]) for reply in replies] == [*range(99, -1, -1), 0]
    refused = replies[-1]
    assert refused.json()["code"] == "throttled"
    assert refused.headers["X-RateLimit-Limit"] == "100"
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert abs(int(refused.headers["X-RateLimit-Reset"]) - time.time() - 3600) < 60
    assert stranger().get("/all-posts/").status_code == 200


def test_a_user_has_a_budget_of_their_own_wherever_they_are(newcomer: Make) -> None:
    person = newcomer()
    assert person.get("/all-posts/").headers["X-RateLimit-Limit"] == "1000"
    before = int(person.get("/all-posts/").headers["X-RateLimit-Remaining"])
    person.address = "203.0.113.7"
    assert int(person.get("/users/all/").headers["X-RateLimit-Remaining"]) == before - 1


def test_every_answer_tells_the_limit(stranger: Make) -> None:
    person = stranger()
    for path in ("/all-posts/", "/nowhere/", "/users/all/"):
        headers = person.get(path).headers
        assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= headers.keys()


def test_guessing_one_accounts_password_ends_after_the_login_limit_from_any_address(stranger: Make) -> None:
    victim = stranger()
    victim.register()

    def guess(_number: int) -> int:
        return stranger().post("/login/", {"username": victim.name, "password": "guessing away"}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(70)))
    assert codes.count(401) == 60
    assert codes.count(429) == 10


def test_without_redis_requests_are_still_counted_and_answered(platform: Instance, newcomer: Make) -> None:
    person = newcomer()
    platform.control.stop("redis")
    try:
        replies = [person.get(path) for path in ("/users/all/", "/all-posts/", "/notifications/")]
        replies.append(person.post("/create-post/", {"text": "without Redis"}))
        assert [reply.status_code for reply in replies] == [200, 200, 200, 201]
        assert all("X-RateLimit-Remaining" in reply.headers for reply in replies)
    finally:
        platform.control.start("redis")
    until(lambda: person.get("/all-posts/").json()["items"][0]["text"] == "without Redis", "Redis to be used again", 10)


def test_stopping_redis_under_load_costs_nobody_an_answer(platform: Instance, newcomer: Make) -> None:
    author, *readers = (newcomer() for _ in range(4))
    paths = ("/all-posts/", "/users/all/", "/notifications/")
    reading = [partial(reader.get, path) for reader, path in zip(readers, paths, strict=True)]
    with asking(*reading, partial(author.post, "/create-post/", {"text": "under load"})) as seen:
        platform.control.stop("redis")
        platform.control.start("redis")
    assert set(seen) == {200, 201}
