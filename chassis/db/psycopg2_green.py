"""Makes psycopg2 cooperate with green threads: it waits in the hub instead of in C, with a timeout.

libpq's connect_timeout does not apply to connections that are polled, and no timeout of the server ends a wait for a
server that does not answer.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import psycopg2
from psycopg2 import extensions

# Waits in the hub for a file descriptor, `timeout` seconds at most, then raises `timeout_exc`.
Wait = Callable[..., object]


def make_psycopg_green(wait_read: Wait, wait_write: Wait, seconds: float) -> None:
    """Let other greenlets run while one waits for PostgreSQL, `seconds` at most for each part of a reply."""
    waits = {extensions.POLL_READ: wait_read, extensions.POLL_WRITE: wait_write}
    extensions.set_wait_callback(partial(_wait, waits, seconds))


def _wait(waits: Mapping[int, Wait], seconds: float, connection: Any) -> None:
    """Poll until the reply is there. psycopg2 closes the connection if this raises."""
    while (state := connection.poll()) != extensions.POLL_OK:
        if state not in waits:
            raise psycopg2.OperationalError(f"unexpected poll result: {state}")
        timeout = psycopg2.OperationalError("the server does not answer")
        waits[state](connection.fileno(), timeout=seconds, timeout_exc=timeout)
