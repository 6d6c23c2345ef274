"""Deletes the queues of event handlers that a service no longer has.

Such a queue stays bound to its exchange and grows. It is deleted once no process of the previous version consumes from
it; until then these processes handle its messages.
"""

import logging
from collections.abc import Iterable
from typing import Any

from amqp.exceptions import PreconditionFailed
from kombu import Connection

from chassis.amqp import protocol
from chassis.amqp.publisher import CONNECT_TIMEOUT
from chassis.events.queues import parked_queue, retry_queue
from chassis.provider import SharedProvider

_log = logging.getLogger(__name__)


class RetiredQueues:
    """The queues of retired handlers, with their retry and dead-letter queues."""

    def __init__(self, uri: str, queues: Iterable[str], delays: Iterable[int]) -> None:
        self._uri = uri
        self._delays = list(delays)
        self._remaining = set(queues)

    def delete_unused(self) -> None:
        """Delete the queues that have no consumers; those that still have some are left for the next call."""
        if not self._remaining:
            return
        try:
            with Connection(self._uri, connect_timeout=CONNECT_TIMEOUT) as connection:
                connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
                for queue in sorted(self._remaining):
                    self._delete(connection, queue)
        except protocol.BROKER_ERRORS as error:
            _log.warning("retired queues will be deleted later: %s", type(error).__name__)

    def _delete(self, connection: Any, queue: str) -> None:
        retries = [retry_queue(queue, delay).name for delay in self._delays]
        try:
            with connection.channel() as channel:
                channel.queue_delete(queue, if_unused=True)  # no error if it does not exist
                for name in (*retries, parked_queue(queue).name):
                    channel.queue_delete(name)
        except PreconditionFailed:
            _log.info("the retired queue %s still has consumers", queue)
            return
        self._remaining.discard(queue)


class RetiredQueuesProvider(SharedProvider[RetiredQueues]):
    """Provides RetiredQueues for the handlers' queues of these names."""

    def __init__(self, *queues: str) -> None:
        self.queues = queues

    def create(self) -> RetiredQueues:
        """Read the settings."""
        config = self.container.config
        return RetiredQueues(config["AMQP_URI"], self.queues, config["retry"]["delays"])
