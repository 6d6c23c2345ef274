"""Makes psycopg2 cooperate with gevent."""

from functools import partial

from gevent.socket import wait_read, wait_write

from chassis.db import psycopg2_green


def make_psycopg_green(seconds: float) -> None:
    """Let other greenlets run while one waits for PostgreSQL, for some seconds at most."""
    psycopg2_green.make_psycopg_green(partial(_wait, seconds))


def _wait(seconds: float, file: int, reads: bool, timeout: Exception) -> None:  # noqa: FBT001 - see Wait
    (wait_read if reads else wait_write)(file, seconds, timeout)
