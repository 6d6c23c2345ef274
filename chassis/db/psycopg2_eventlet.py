"""psycopg2 among green threads: it waits in the hub instead of in C, and not for ever."""

from typing import Any

import psycopg2
from eventlet.hubs import trampoline
from psycopg2 import extensions

# Above the statement_timeout of chassis.engine, which the server keeps: this one is for a server that says nothing.
# libpq's own connect_timeout does not count for connections that are polled.
SILENCE = 35  # seconds


def make_psycopg_green() -> None:
    """Let greenlets wait for PostgreSQL side by side; eventlet's own patch does the same without a limit."""
    extensions.set_wait_callback(_wait)


def _wait(connection: Any) -> None:
    """Poll until the answer is there. What is raised here closes the connection."""
    while (state := connection.poll()) != extensions.POLL_OK:
        if state not in {extensions.POLL_READ, extensions.POLL_WRITE}:
            raise psycopg2.OperationalError(f"unexpected poll result: {state}")
        silence = psycopg2.OperationalError("the server does not answer")
        reads = state == extensions.POLL_READ
        trampoline(connection.fileno(), read=reads, write=not reads, timeout=SILENCE, timeout_exc=silence)
