"""The runner as a real process, with feeds on a database of its own."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import alembic.command
import eventlet
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from chassis.auth.caller import Caller
from chassis.db import migrations
from chassis.ids import new_id
from tests.integration.chassis.brokers import Stranger, TcpProxy
from tests.integration.chassis.conftest import Until
from tests.integration.support.rpc import Rpc

ADA = Caller("gateway", user=new_id(), username="ada")
SHORT_GRACE = (
    "import sys; from chassis import runner; runner.GRACE = 2; sys.argv[1:] = ['feeds.service']; runner.main()"
)

# A greenlet of the container fails a second after the start.
FAILING = """
import sys, eventlet
from chassis import relay, runner

begin = relay.Relay.begin

def fail():
    eventlet.sleep(1)
    1 / 0

def begin_and_fail(self, *arguments):
    begin(self, *arguments)
    self.container.spawn_managed_thread(fail)

relay.Relay.begin = begin_and_fail
runner.GRACE = 2
sys.argv[1:] = ["feeds.service"]
runner.main()
"""


class Feeds:
    """Starts processes of the feeds service and looks into their database."""

    def __init__(self, directory: Path, environment: dict[str, str], until: Until) -> None:
        self.file = directory / "feeds.sqlite3"
        self._log = directory / "log"
        self._environment = environment
        self._until = until
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start one and wait until it is ready."""
        command = command or ("-m", "chassis.runner", "feeds.service")
        self._log.write_text("")
        with self._log.open("ab") as log:
            environment = self._environment | variables
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, *command], env=environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        self._until(lambda: "feeds.service is ready" in self.log() or process.poll() is not None)
        assert process.poll() is None, self.log()
        return process

    def log(self) -> str:
        """Return what the last one wrote."""
        return self._log.read_text()

    def posts(self) -> int:
        """Count them."""
        with sqlite3.connect(self.file) as connection:
            found: int = connection.execute("SELECT count(*) FROM posts").fetchone()[0]
        connection.close()
        return found

    def lock(self) -> sqlite3.Connection:
        """Let every write wait until the connection is closed."""
        connection = sqlite3.connect(self.file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection


@pytest.fixture
def feeds(tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, until: Until) -> Iterator[Feeds]:
    monkeypatch.setenv("FEEDS_DB_URI", f"sqlite:///{tmp_path}/feeds.sqlite3")
    alembic.command.upgrade(migrations.alembic_config("feeds"), "head")
    feeds = Feeds(tmp_path, dict(os.environ) | {"AMQP_URI": settings["AMQP_URI"], "LOG_FORMAT": "text"}, until)
    yield feeds
    for process in feeds.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def ended(until: Until) -> Callable[[subprocess.Popen[bytes]], int]:
    """Wait for a process and return its exit code."""

    def ended(process: subprocess.Popen[bytes]) -> int:
        until(lambda: process.poll() is not None)
        return int(process.returncode)

    return ended


Ended = Callable[[subprocess.Popen[bytes]], int]


def in_hand(rpc: Rpc, stranger: Stranger, until: Until, key: str | None = None) -> Any:
    """Send a write and wait until the process has taken it from the queue; returns the greenlet of the call."""
    queue = stranger.tap("nameko-rpc", "feeds.create")
    call = eventlet.spawn(rpc, "feeds.create", ADA, text="Karibu", request_key=key)
    stranger.get(queue)
    until(lambda: stranger.depth("rpc-feeds") == 0)
    return call


def test_sigterm_finishes_the_work_in_hand_and_ends_within_seconds(
    feeds: Feeds, ended: Ended, rpc: Rpc, stranger: Stranger, until: Until
) -> None:
    process = feeds.start()
    lock = feeds.lock()
    call = in_hand(rpc, stranger, until)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    lock.close()
    assert call.wait()["text"] == "Karibu"
    assert ended(process) == 0
    assert time.monotonic() - started < 6
    assert feeds.posts() == 1


@pytest.mark.parametrize("trouble", [TcpProxy.cut, TcpProxy.freeze])
def test_sigterm_with_the_broker_gone_ends_the_process_all_the_same(
    feeds: Feeds, ended: Ended, wire_to_broker: TcpProxy, trouble: Callable[[TcpProxy], None]
) -> None:
    process = feeds.start("-c", SHORT_GRACE, AMQP_URI=wire_to_broker.uri)
    trouble(wire_to_broker)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert ended(process) in {0, -signal.SIGALRM}
    assert time.monotonic() - started < 5


def test_after_kill_9_during_a_write_it_is_done_once_by_the_next_process(
    feeds: Feeds, rpc: Rpc, stranger: Stranger, until: Until
) -> None:
    process = feeds.start()
    lock = feeds.lock()
    call = in_hand(rpc, stranger, until, key="once")
    process.kill()
    lock.close()
    feeds.start()
    post = call.wait()
    assert rpc("feeds.create", ADA, text="Karibu", request_key="once") == post
    assert feeds.posts() == 1


@pytest.mark.parametrize(("trouble", "codes"), [(lambda _: None, {1}), (TcpProxy.freeze, {1, -signal.SIGALRM})])
def test_a_container_that_dies_takes_the_process_with_it_so_that_the_supervisor_sees_it(
    feeds: Feeds, ended: Ended, wire_to_broker: TcpProxy, trouble: Callable[[TcpProxy], None], codes: set[int]
) -> None:
    process = feeds.start("-c", FAILING, AMQP_URI=wire_to_broker.uri)
    trouble(wire_to_broker)
    assert ended(process) in codes
    assert "ZeroDivisionError" in feeds.log()


def test_a_process_tells_prometheus_what_it_did(feeds: Feeds, rpc: Rpc, until: Until, unused_port: int) -> None:
    feeds.start(METRICS_PORT=str(unused_port))
    rpc("feeds.create", ADA, text="Karibu")
    with pytest.raises(Exception, match="no such post"):
        rpc("feeds.detail", ADA, id=new_id())

    def measured(name: str, **labels: str) -> float:
        page = requests.get(f"http://127.0.0.1:{unused_port}/metrics", timeout=5).text
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return next(sample.value for sample in samples if (sample.name, sample.labels) == (name, labels))

    calls = partial(measured, "baraza_rpc_seconds_count", service="feeds")
    assert calls(method="create", outcome="ok") == 1
    assert calls(method="detail", outcome="not_found") == 1
    assert measured("baraza_database_connections_limit", service="feeds") == 1  # SQLite
    until(lambda: measured("baraza_hub_stall_seconds_count") > 0)
    until(lambda: measured("baraza_outbox_events", service="feeds") == 1)  # nobody listens to post_created here
    until(lambda: measured("baraza_outbox_age_seconds", service="feeds") > 0)


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_missing_variable_stops_the_start_and_is_named(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SERVICE_TOKEN_KEYS"}
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "chassis.runner", "feeds.service"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own command
        while process.poll() is None:
            eventlet.sleep(0.02)
    assert process.returncode == 1
    assert "SERVICE_TOKEN_KEYS" in (tmp_path / "log").read_text()
