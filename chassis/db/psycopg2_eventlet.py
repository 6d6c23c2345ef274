"""Makes psycopg2 cooperate with eventlet: it waits in the hub instead of in C, with a timeout."""

from functools import partial
from typing import Any

import psycopg2
from eventlet.hubs import trampoline
from psycopg2 import extensions

# Seconds beyond the statement_timeout, which the server enforces, for a server that does not reply. libpq's
# connect_timeout does not apply to connections that are polled.
MARGIN = 5


def make_psycopg_green(statement_timeout: float) -> None:
    """Let other greenlets run while one waits for PostgreSQL; eventlet's own patch has no timeout."""
    extensions.set_wait_callback(partial(_wait, statement_timeout + MARGIN))


def _wait(reply_timeout: float, connection: Any) -> None:
    """Poll until the reply is there. psycopg2 closes the connection if this raises."""
    while (state := connection.poll()) != extensions.POLL_OK:
        if state not in {extensions.POLL_READ, extensions.POLL_WRITE}:
            raise psycopg2.OperationalError(f"unexpected poll result: {state}")
        timeout = psycopg2.OperationalError("the server does not answer")
        reads = state == extensions.POLL_READ
        trampoline(connection.fileno(), read=reads, write=not reads, timeout=reply_timeout, timeout_exc=timeout)
