"""Idempotency-Key: a repeated request returns the first response and writes nothing."""

from concurrent.futures import ThreadPoolExecutor

import redis
import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient
from tests.e2e.support.responses import invalid_fields


def test_repeated_key_returns_the_first_response_and_writes_once(new_user: NewClient) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "post-1"}
    first = author.post("/create-post/", {"text": "once"}, headers=headers)
    replay = author.post("/create-post/", {"text": "once"}, headers=headers)
    assert (first.status_code, first.json()) == (replay.status_code, replay.json())
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert invalid_fields(author.post("/create-post/", {"text": "other"}, headers=headers)) == ["Idempotency-Key"]
    other = new_user().post("/create-post/", {"text": "other"}, headers=headers)
    assert other.status_code == 201


def test_idempotency_key_in_use_is_a_conflict_and_later_replayed(platform: Instance, new_user: NewClient) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "slow-1"}
    lock = f"hold:create-post:{author.id}:slow-1"

    def create() -> requests.Response:
        return author.post("/create-post/", {"text": "slow"}, headers=headers)

    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as client, ThreadPoolExecutor(1) as pool:
        platform.control.pause("feeds.service")
        try:
            first = pool.submit(create)
            until(lambda: bool(client.exists(lock)), "the first request to hold its key", 30)
            second = create()
        finally:
            platform.control.resume("feeds.service")
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_use")
        assert first.result().status_code == 201
        replay = create()
        assert replay.json() == first.result().json()
        assert replay.headers["Idempotency-Replayed"] == "true"
        assert not client.exists(lock)


def test_rejected_request_does_not_use_up_its_idempotency_key(new_user: NewClient) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "again-1"}
    assert author.post("/create-post/", {"text": ""}, headers=headers).status_code == 422
    assert author.post("/create-post/", {"text": "now"}, headers=headers).status_code == 201
