from collections.abc import Iterator

import pytest
from kombu import Connection
from kombu.utils import functional

from chassis.amqp.consumer import RECONNECT, QueueConsumer

ATTEMPTS = 10


class _Enough(Exception):
    pass


class _Consumer(QueueConsumer):
    """A consumer without a container, whose broker is down."""

    connection = Connection("pyamqp://127.0.0.1:1/")
    intervals: list[float]

    def on_connection_error(self, _error: Exception, interval: float) -> None:
        """Record the seconds until the next attempt."""
        self.intervals.append(interval)
        if len(self.intervals) == ATTEMPTS:
            raise _Enough


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Consumer]:
    monkeypatch.setattr(functional, "sleep", lambda _seconds: None)
    consumer = _Consumer()
    consumer.intervals = []
    return consumer


def test_consumer_reconnects_as_soon_after_a_long_outage_as_after_a_short_one(consumer: _Consumer) -> None:
    with pytest.raises(_Enough), consumer.establish_connection():
        pass
    assert consumer.intervals == [RECONNECT] * ATTEMPTS
