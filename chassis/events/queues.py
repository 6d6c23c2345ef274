"""The queues of failed messages: retry queues with a delay, and the dead-letter queue."""

from kombu import Queue


def retry_queue(queue: str, delay: int) -> Queue:
    """Return the queue in which a message waits `delay` seconds before the broker returns it to `queue`."""
    arguments = {
        "x-message-ttl": delay * 1000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
    }
    return Queue(f"retry.{delay}.{queue}", durable=True, queue_arguments=arguments)


def parked_queue(queue: str) -> Queue:
    """Return the dead-letter queue: messages stay there until an operator replays or discards them."""
    return Queue(f"parked.{queue}", durable=True)
