"""Makes psycopg2 cooperate with eventlet."""

from functools import partial

from eventlet.hubs import trampoline

from chassis.db import psycopg2_green

MARGIN = 5  # seconds beyond the statement_timeout, which the server enforces, for a server that does not reply


def make_psycopg_green(statement_timeout: float) -> None:
    """Let other greenlets run while one waits for PostgreSQL; eventlet's own patch has no timeout."""
    psycopg2_green.make_psycopg_green(partial(_wait, statement_timeout + MARGIN))


def _wait(seconds: float, file: int, reads: bool, timeout: Exception) -> None:  # noqa: FBT001 - see Wait
    trampoline(file, read=reads, write=not reads, timeout=seconds, timeout_exc=timeout)
