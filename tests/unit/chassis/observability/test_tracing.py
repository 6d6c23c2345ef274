"""The `traceparent` header."""

import pytest

from chassis.amqp import message_headers
from chassis.amqp.message_context import parse
from chassis.observability import correlation, tracing

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "header",
    [
        None,
        7,
        "",
        VALID.upper(),
        f"{VALID}-more",
        VALID.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_malformed_traceparent_is_ignored(header: object) -> None:
    assert tracing.parse_traceparent(header) is None


def test_traceparent_is_sent_in_the_headers_of_messages() -> None:
    token = correlation.traceparent.set(VALID)
    try:
        headers = message_headers.encode(correlation.current())
    finally:
        correlation.traceparent.reset(token)
    assert parse(headers)[correlation.TRACEPARENT] == VALID
