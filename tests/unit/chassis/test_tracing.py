"""Trace context as it comes in."""

import pytest

from chassis.amqp import message_headers
from chassis.amqp.message_context import incoming
from chassis.observability import correlation, tracing

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_header_of_the_standards_form_is_accepted() -> None:
    assert tracing.parse_traceparent(GOOD) == GOOD


@pytest.mark.parametrize(
    "header",
    [
        None,
        7,
        "",
        GOOD.upper(),
        f"{GOOD}-more",
        GOOD.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_anything_else_is_none(header: object) -> None:
    assert tracing.parse_traceparent(header) is None


def test_it_travels_among_the_headers_of_calls_and_events() -> None:
    token = correlation.traceparent.set(GOOD)
    try:
        headers = message_headers.encode(correlation.current())
    finally:
        correlation.traceparent.reset(token)
    assert incoming(headers)[correlation.TRACEPARENT] == GOOD
