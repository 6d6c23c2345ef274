"""Idempotency-Key: a repeated request returns the first response and writes nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, NewClient
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


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "delete-1"}], ids=["without a key", "with a key"])
def test_repeated_deletion_of_the_account_gets_the_first_response(new_user: NewClient, headers: dict[str, str]) -> None:
    user, body = new_user(), {"password": PASSWORD}

    def delete() -> requests.Response:
        return user.request("DELETE", "/account/", json=body, headers=headers)

    first, second = delete(), delete()
    assert (first.status_code, second.status_code) == (204, 204)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert user.get("/account/events/").json()["code"] == "invalid_token"


def test_deletion_with_the_token_of_another_ended_session_is_rejected(new_user: NewClient) -> None:
    user = new_user()
    user.post("/logout/")
    answer = user.delete("/account/", {"password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    user.login()


def test_rejected_request_does_not_use_up_its_idempotency_key(new_user: NewClient) -> None:
    author = new_user()
    headers = {"Idempotency-Key": "again-1"}
    assert author.post("/create-post/", {"text": ""}, headers=headers).status_code == 422
    assert author.post("/create-post/", {"text": "now"}, headers=headers).status_code == 201
