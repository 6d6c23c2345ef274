"""A notifications process that stops while it holds the lock of inboxes; PostgreSQL only."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

import eventlet.tpool
import pytest

from chassis.ids import new_id
from tests.integration.conftest import Until
from tests.integration.notifications.inbox import stopping_writer
from tests.integration.notifications.support import PublishPost, Rows, user
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.rpc import Rpc

NOTIFICATION = new_id()


@pytest.fixture
def stopped(accounts: Accounts) -> Iterator["subprocess.Popen[str]"]:
    """The process, after it stopped."""
    command = [sys.executable, "-m", stopping_writer.__name__, NOTIFICATION, accounts.add("ben", "realtime")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert line(process.stdout) == "locked"
            yield process
        finally:
            process.kill()


def line(output: IO[str] | None) -> str:
    assert output is not None
    return str(eventlet.tpool.execute(output.readline)).strip()


@pytest.mark.usefixtures("running")
def test_others_notify_and_mark_as_read_while_a_process_is_stopped(
    stopped: "subprocess.Popen[str]", accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until, rpc: Rpc
) -> None:
    assert stopped.poll() is None
    cem = accounts.add("cem", "realtime")
    started = time.monotonic()
    publish_post(accounts.add("ada"))
    rpc("notifications.mark_read", user(cem), all=True)
    until(lambda: rows("inbox", user_id=cem))
    assert time.monotonic() - started < 8


@pytest.mark.usefixtures("running")
def test_stopped_process_fails_cleanly_and_repeats_its_work_once(
    stopped: "subprocess.Popen[str]", accounts: Accounts, publish_post: PublishPost, rows: Rows, until: Until
) -> None:
    (ben,) = accounts.contacts
    publish_post(accounts.add("ada"))
    until(lambda: rows("inbox", user_id=ben))
    os.kill(stopped.pid, signal.SIGCONT)
    assert [line(stopped.stdout), line(stopped.stdout)] == ["unknown", "written"]
    assert len(rows("inbox", notification_id=NOTIFICATION)) == 1
    assert rows("frame_sequences", user_id=ben)[0]["last"] == 2
