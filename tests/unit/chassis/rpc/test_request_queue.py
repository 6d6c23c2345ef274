"""A broker that denies transient queues, as RabbitMQ 4.3 does by default; the real broker of the tests permits them."""

from types import SimpleNamespace
from typing import Any

import pytest
from amqp.exceptions import InternalError
from kombu import Queue

from chassis.rpc import request_queue


class DenyingChannel:
    """A channel of a broker that permits durable queues only."""

    is_open = True

    def __init__(self) -> None:
        self.connection = SimpleNamespace(channel=lambda: self, client=None)
        self.declared: list[bool] = []

    def queue_declare(self, *_arguments: Any, durable: bool, **_options: Any) -> Any:
        if not durable:
            raise InternalError("Feature `transient_nonexcl_queues` is deprecated.")
        self.declared.append(durable)
        return "rpc-orders", 0, 0

    def prepare_queue_arguments(self, arguments: Any, **_options: Any) -> Any:
        return arguments

    def close(self) -> None:
        """Do nothing."""


def test_queue_becomes_durable_if_the_broker_denies_transient_ones() -> None:
    queue, channel = Queue("rpc-orders", durable=True), DenyingChannel()
    request_queue.configure(queue, "transient")
    with pytest.raises(InternalError):  # closes the connection, so the consumer connects again
        request_queue.declare(queue, channel)
    request_queue.declare(queue, channel)
    assert channel.declared == [True]
