"""Checks that a service replies: `python -m chassis.commands.ping orders`. Containers use it as their health check.

The request goes through the broker like any other call. So a reply shows that a process of the service is connected,
takes requests and replies. If several processes run the service, any of them may reply.
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
from chassis.contract import Empty
from chassis.observability import correlation
from chassis.rpc import messages

DEADLINE = 4  # seconds, from connecting to the reply


class NoAnswerError(Exception):
    """The service did not reply, or replied with an error."""


def ping(settings: dict[str, Any], service: str) -> None:
    """Return when the service has replied. Raises NoAnswerError, or one of protocol.BROKER_ERRORS."""
    deadline = time.monotonic() + DEADLINE
    connection = Connection(settings["AMQP_URI"], connect_timeout=DEADLINE)
    replies: list[Message] = []
    try:
        connection.connect()
        _send_request(connection.channel(), settings, service, replies)
        while not replies:
            connection.drain_events(timeout=max(0.01, deadline - time.monotonic()))
    finally:
        connection.collect()  # without AMQP's closing handshake, which would wait for a broker that hangs
    try:
        messages.result_of(json.loads(replies[0].body))
    except Exception as error:
        raise NoAnswerError(f"it answers {type(error).__name__}: {error}") from error


def _send_request(channel: Any, settings: dict[str, Any], service: str, replies: list[Message]) -> None:
    """Call `ping` in the name of the service that owns this process's key."""
    reply_to = str(uuid.uuid4())
    ring = keyring.from_config(settings)
    caller = Caller(ring.owner or service)
    token = tokens.issue(caller, service, ring.signing(caller.service))
    channel.events["basic_return"].add(_raise_no_queue)
    messages.declare_reply_queue(channel, "", reply_to, replies.append)
    messages.send_request(
        channel,
        f"{service}.ping",
        Empty(),
        reply_to=reply_to,
        correlation_id=reply_to,
        deadline=DEADLINE,
        headers={message_headers.AUTH_TOKEN: token, correlation.REQUEST_ID: "ping"},
    )


def _raise_no_queue(*_returned: object) -> None:
    raise NoAnswerError("it has no queue")


def main() -> None:
    """Print nothing if the service replies; otherwise exit with 1 and the reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", help="its name, such as orders")
    service: str = parser.parse_args().service
    signal.alarm(DEADLINE + 1)  # ends the process if the broker accepts data and does not reply
    try:
        ping(config.load(), service)
    except (NoAnswerError, *protocol.BROKER_ERRORS) as error:
        raise SystemExit(f"{service}: {error or type(error).__name__}") from None


if __name__ == "__main__":
    main()
