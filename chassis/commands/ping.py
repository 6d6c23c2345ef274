"""Asks a service whether it is there: `python -m chassis.commands.ping users`. A container's health check.

The question goes by the broker, as every call does, so the answer shows that a process of the service is connected,
takes requests and replies. Where several processes run the service, any of them may answer.
"""

import argparse
import json
import signal
import time
import uuid
from typing import Any

from amqp import Message
from kombu import Connection

from chassis import config
from chassis.amqp import message_headers, protocol
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.observability import correlation

DEADLINE = 4  # seconds, from connecting to the reply
_EXPIRATION = str(DEADLINE * 1000)  # milliseconds


class NoAnswerError(Exception):
    """The service did not answer, or refused to."""


def ping(settings: dict[str, Any], service: str) -> None:
    """Return when the service has answered. Raises NoAnswerError, or what a broker that is away makes clients raise."""
    until = time.monotonic() + DEADLINE
    connection = Connection(settings["AMQP_URI"], connect_timeout=DEADLINE)
    try:
        connection.connect()
        channel = connection.channel()
        replies: list[Message] = []
        reply_to = _listen(channel, replies)
        channel.events["basic_return"].add(_nobody)
        _ask(channel, service, reply_to, keyring.from_config(settings))
        while not replies:
            connection.drain_events(timeout=max(0.01, until - time.monotonic()))
    finally:
        connection.collect()  # says no goodbye, for which a broker that hangs would let us wait
    if error := json.loads(replies[0].body)["error"]:
        raise NoAnswerError(f"it answers {error['exc_type']}: {error['value']}")


def _listen(channel: Any, replies: list[Message]) -> str:
    """Open a queue for the reply, which dies with the connection; the answer is its address."""
    reply_to = str(uuid.uuid4())
    channel.exchange_declare(protocol.RPC_EXCHANGE, "topic", durable=True, auto_delete=False)
    queue = channel.queue_declare(exclusive=True).queue
    channel.queue_bind(queue, protocol.RPC_EXCHANGE, reply_to)
    channel.basic_consume(queue, no_ack=True, callback=replies.append)
    return reply_to


def _ask(channel: Any, service: str, reply_to: str, ring: keyring.Keyring) -> None:
    """Call the service's `ping` in its own name."""
    token = tokens.issue(Caller(service), service, ring.signing)
    protocol.send(
        channel,
        protocol.dumps({"args": [], "kwargs": {}}),
        protocol.RPC_EXCHANGE,
        f"{service}.ping",
        mandatory=True,
        delivery_mode=protocol.TRANSIENT,
        expiration=_EXPIRATION,
        reply_to=reply_to,
        correlation_id=reply_to,
        application_headers=message_headers.encode({message_headers.AUTH_TOKEN: token, correlation.REQUEST_ID: "ping"}),
    )


def _nobody(*_returned: object) -> None:
    raise NoAnswerError("nobody listens")


def main() -> None:
    """Say nothing when all is well, as health checks do; end with 1 and the reason when not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", help="its name: users, feeds, notifications, deliveries or gateway")
    service: str = parser.parse_args().service
    signal.alarm(DEADLINE + 1)  # the end, should the broker take what we send and say nothing
    try:
        ping(config.load(), service)
    except (NoAnswerError, *protocol.BROKER_ERRORS) as error:
        raise SystemExit(f"{service}: {error or type(error).__name__}") from None


if __name__ == "__main__":
    main()
