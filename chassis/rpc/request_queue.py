"""The queue of a service's RPC requests: durable as Nameko declares it, or transient.

In a cluster whose default type is quorum, a durable queue writes every message to the disks of its nodes, requests with
passwords too. A transient queue is a classic one: requests stay in memory unless thousands of them wait. If its node
dies, the queue is gone, and services declare it again on another node.
"""

import logging
from typing import Any

from amqp.exceptions import InternalError, PreconditionFailed
from kombu import Queue

KINDS = ("durable", "transient")

_log = logging.getLogger(__name__)


def configure(queue: Queue, kind: str) -> None:
    """Set how the queue is declared. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"rpc.queue: expected one of {', '.join(KINDS)}")
    if kind == "transient":
        queue.durable, queue.queue_arguments = False, {"x-queue-type": "classic"}


def declare(queue: Queue, channel: Any) -> None:
    """Declare a queue on a channel of its own; keep an existing one of another kind, which an earlier version made.

    Raises InternalError, which closes the connection, if the broker does not permit transient queues (RabbitMQ 4.3
    without its setting); the queue is then declared as a durable one from the next connection on.
    """
    queue.no_declare = False
    own_channel = channel.connection.channel()
    try:
        queue(own_channel).declare()
        own_channel.close()
    except PreconditionFailed:  # closes the channel
        _log.warning("%s exists and differs from RPC_QUEUE; it is used until it is deleted", queue.name)
        queue.no_declare = True
    except InternalError:
        if not queue.durable:
            _log.error("RabbitMQ does not permit transient queues, so %s will be durable", queue.name)
            queue.durable, queue.queue_arguments = True, None
        raise
