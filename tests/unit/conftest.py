"""What all unit tests have in common."""

from collections.abc import Iterator

import pytest

from chassis.amqp import message_context


@pytest.fixture(autouse=True)
def no_context_afterwards() -> Iterator[None]:
    """Let the request id and the trace end with the test that set them: all tests run in one context."""
    yield
    message_context.enter({})
