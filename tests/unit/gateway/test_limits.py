"""Rates, and counting while Redis is away."""

import pytest

from gateway.limits.rate_limiter import Counters, Rate, RedisAway, parse_rate

CLOSED = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("text", "rate"), [("100/hour", Rate(100, 3600)), ("5/second", Rate(5, 1)), ("1/day", Rate(1, 86400))]
)
def test_a_rate_is_written_as_count_and_unit(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "100", "0/hour", "-1/hour", "100/fortnight", "1e3/hour", "hour"])
def test_any_other_rate_stops_the_start(text: str) -> None:
    with pytest.raises(SystemExit, match="reads like 100/hour"):
        parse_rate(text)


def test_without_redis_requests_are_counted_in_the_process() -> None:
    counters = Counters(CLOSED, {"anon": Rate(2, 60), "user": Rate(3, 60)})
    counts = [counters.count(Rate(2, 60), "anon:1.1.1.1").count for _ in range(3)]
    assert counts == [1, 2, 3]
    assert counters.count(Rate(2, 60), "anon:2.2.2.2").count == 1


def test_without_redis_there_is_no_look_and_nobody_waits_for_one_again_at_once() -> None:
    counters = Counters(CLOSED, {"anon": Rate(2, 60), "user": Rate(3, 60)})
    for _ in range(1000):  # each try of a connection would cost far more than this loop may take
        with pytest.raises(RedisAway):
            counters.look(None, "1.1.1.1", None, "")


def test_without_redis_a_name_can_always_be_held() -> None:
    counters = Counters(CLOSED, {})
    assert counters.hold("key", 5)
    assert counters.hold("key", 5)
    counters.let_go("key")
