"""What tests need of a broker: a wire that can be cut or frozen, and messages that nobody decent would send."""

import contextlib
import time
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import eventlet
from amqp import Message
from eventlet.green import socket
from kombu import Connection

from chassis.amqp import protocol

TIMEOUT = 10  # seconds


class Wire:
    """Passes bytes to and from a broker. Cut, nobody listens any more; frozen, connections stay and nothing moves."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self.uri = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self._address[1]}"))
        self._sockets: list[Any] = []
        self._moving = [eventlet.event.Event(), eventlet.event.Event()]
        self.accepted = 0
        self.thaw()
        self._listen()

    def cut(self) -> None:
        """Close everything and listen no more."""
        self._accepting.kill()
        self._listener.close()
        self.drop()

    def mend(self) -> None:
        """Listen again at the same address, and let things move."""
        self.thaw()
        if self._listener.fileno() < 0:
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(self._address)
            self._listen()

    def drop(self) -> None:
        """Close the open connections; new ones are welcome."""
        sockets, self._sockets = self._sockets, []
        for one in sockets:
            _end(one)

    def freeze(self, *, to_broker: bool = True) -> None:
        """Keep connections open, accept new ones, and pass nothing on, as a broker does that was stopped by SIGSTOP.

        With to_broker=False it hears and does not answer.
        """
        self._moving = [eventlet.event.Event(), eventlet.event.Event()]
        if not to_broker:
            self._moving[0].send()

    def thaw(self) -> None:
        """Pass everything on again, also what piled up."""
        for direction in self._moving:
            if not direction.ready():
                direction.send()

    def close(self) -> None:
        """Let go of everything."""
        self.thaw()
        self.cut()

    def _listen(self) -> None:
        self._listener.listen(50)
        self._accepting = eventlet.spawn(self._accept, self._listener)

    def _accept(self, listener: Any) -> None:
        while True:
            near, _ = listener.accept()
            self.accepted += 1
            far = socket.create_connection(self._target)
            self._sockets += [near, far]
            eventlet.spawn_n(self._pass_on, near, far, 0)
            eventlet.spawn_n(self._pass_on, far, near, 1)

    def _pass_on(self, source: Any, target: Any, direction: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._moving[direction].wait()
                target.sendall(data)
        _end(target)
        source.close()


def _end(one: Any) -> None:
    """Let both sides read the end; the greenlet that reads a socket closes it."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


class Stranger:
    """A client with broker credentials and no manners."""

    def __init__(self, uri: str) -> None:
        self._connection = Connection(uri)
        self._channel = self._connection.channel()
        self._replies = self._channel.queue_declare("", exclusive=True).queue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def publish(self, exchange: str, key: str, body: bytes | str, **properties: Any) -> None:
        """Publish anything."""
        message = Message(body, **({"content_type": "application/json", "content_encoding": "utf-8"} | properties))
        self._channel.basic_publish(message, exchange, key)

    def call(self, target: str, body: bytes | str, **properties: Any) -> None:
        """Send an RPC request whose reply comes here, to be read by `reply`."""
        self._channel.queue_bind(self._replies, protocol.RPC_EXCHANGE, self._replies)
        self.publish(protocol.RPC_EXCHANGE, target, body, reply_to=self._replies, correlation_id="1", **properties)

    def reply(self) -> Any:
        """Wait for the reply's message."""
        return self.get(self._replies)

    def get(self, queue: str) -> Any:
        """Wait for a message and take it out of its queue."""
        if queue.startswith("parked."):
            self._channel.queue_declare(queue, durable=True, auto_delete=False)
        deadline = time.monotonic() + TIMEOUT
        while (message := self._channel.basic_get(queue, no_ack=True)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(queue)
            eventlet.sleep(0.02)
        return message

    def put(self, queue: str, body: bytes) -> None:
        """Put a message into a durable queue, which is declared first."""
        self._channel.queue_declare(queue, durable=True, auto_delete=False)
        self.publish("", queue, body)

    def depth(self, queue: str) -> int:
        """Count the messages that wait in a queue; one for parking is made when something is parked first."""
        passive = not queue.startswith("parked.")
        return int(self._channel.queue_declare(queue, passive=passive, durable=True, auto_delete=False).message_count)

    def tap(self, exchange: str, key: str) -> str:
        """Bind a queue to an exchange that is there and return its name."""
        queue = str(self._channel.queue_declare("", exclusive=True).queue)
        self._channel.queue_bind(queue, exchange, key)
        return queue

    def delete(self, queue: str) -> None:
        """Delete a queue with all that is in it."""
        self._channel.queue_delete(queue)

    def listen(self, source: str, event: str) -> str:
        """Bind a queue to an event and return its name."""
        protocol.event_exchange(source)(self._channel).declare()
        return self.tap(f"{source}.events", event)
