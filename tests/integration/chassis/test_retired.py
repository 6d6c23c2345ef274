"""Queues of handlers that a service no longer has, on a real broker."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Queue

from chassis.events.queues import parked_queue, retry_queue
from chassis.events.retired import RetiredQueues

QUEUE = "evt-feeds-post_created--retired.on_post_created"
DELAYS = [1, 60]
NAMES = {QUEUE, parked_queue(QUEUE).name, *(retry_queue(QUEUE, delay).name for delay in DELAYS)}


@pytest.fixture
def channel(rabbit_config: dict[str, str]) -> Iterator[Any]:
    with Connection(rabbit_config["AMQP_URI"]) as connection, connection.channel() as channel:
        yield channel


@pytest.fixture
def retired(rabbit_config: dict[str, str], channel: Any) -> RetiredQueues:
    for queue in (Queue(QUEUE, durable=True), parked_queue(QUEUE), *(retry_queue(QUEUE, delay) for delay in DELAYS)):
        queue(channel).declare()
    return RetiredQueues(rabbit_config["AMQP_URI"], [QUEUE], DELAYS)


def queues(rabbit_manager: Any, rabbit_config: dict[str, str]) -> set[str]:
    return {queue["name"] for queue in rabbit_manager.get_queues(rabbit_config["vhost"])} & NAMES


def test_unused_retired_queue_is_deleted_with_its_retry_and_dead_letter_queues(
    retired: RetiredQueues, rabbit_manager: Any, rabbit_config: dict[str, str]
) -> None:
    assert queues(rabbit_manager, rabbit_config) == NAMES
    retired.delete_unused()
    assert queues(rabbit_manager, rabbit_config) == set()
    retired.delete_unused()


def test_retired_queue_is_kept_until_its_last_consumer_ends(
    retired: RetiredQueues, channel: Any, rabbit_manager: Any, rabbit_config: dict[str, str]
) -> None:
    consumer = channel.basic_consume(QUEUE)
    retired.delete_unused()
    assert queues(rabbit_manager, rabbit_config) == NAMES
    channel.basic_cancel(consumer)
    retired.delete_unused()
    assert queues(rabbit_manager, rabbit_config) == set()
