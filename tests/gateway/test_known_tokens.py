"""Tokens that were right or wrong when they were last checked, in two web processes."""

from typing import Any

import pytest

from chassis.ids import new_id
from gateway.cache.redis_client import RedisClient
from gateway.limits import known_tokens
from gateway.limits.known_tokens import KnownTokens


@pytest.fixture
def first(settings: dict[str, Any]) -> KnownTokens:
    return KnownTokens(RedisClient(settings["redis_url"]))


@pytest.fixture
def second(settings: dict[str, Any]) -> KnownTokens:
    return KnownTokens(RedisClient(settings["redis_url"]))


def test_right_token_is_known_in_all_processes_until_it_is_wrong(first: KnownTokens, second: KnownTokens) -> None:
    token = new_id()
    assert not second.is_right(token)
    first.add_right(token)
    assert second.is_right(token)
    first.add_wrong(token)
    assert not first.is_right(token)
    assert not second.is_right(token)
    assert first.is_wrong(token)


def test_token_that_another_process_checked_is_known_here_also_without_redis(first: KnownTokens) -> None:
    nowhere = KnownTokens(RedisClient("redis://127.0.0.1:1"))
    for tokens in (first, nowhere):
        token = new_id()
        assert not tokens.is_right(token)
        tokens.saw_right(token)
        assert tokens.is_right(token)


def test_wrong_token_is_checked_again_after_some_time(first: KnownTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tokens, "WRONG_FOR", 0)
    token = new_id()
    first.add_wrong(token)
    assert not first.is_wrong(token)


def test_oldest_token_is_forgotten(first: KnownTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tokens, "TOKENS", 1)
    tokens = [new_id(), new_id()]
    for token in tokens:
        first.add_wrong(token)
    assert [first.is_wrong(token) for token in tokens] == [False, True]
