"""Makes psycopg2 cooperate with green threads: it waits in the hub instead of in C, with a timeout.

libpq's connect_timeout does not apply to connections that are polled, and no timeout of the server ends a wait for a
server that does not answer.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg2
from psycopg2 import extensions

# Waits in the hub. Arguments: a file descriptor, whether to wait for input (else for output), the error for a timeout.
Wait = Callable[[int, bool, Exception], object]


def make_psycopg_green(wait: Wait) -> None:
    """Let other greenlets run while one waits for PostgreSQL."""
    extensions.set_wait_callback(partial(_wait, wait))


def _wait(wait: Wait, connection: Any) -> None:
    """Poll until the reply is there. psycopg2 closes the connection if this raises."""
    while (state := connection.poll()) != extensions.POLL_OK:
        if state not in {extensions.POLL_READ, extensions.POLL_WRITE}:
            raise psycopg2.OperationalError(f"unexpected poll result: {state}")
        timeout = psycopg2.OperationalError("the server does not answer")
        wait(connection.fileno(), state == extensions.POLL_READ, timeout)
