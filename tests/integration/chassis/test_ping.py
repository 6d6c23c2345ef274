import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from nameko.constants import AMQP_URI_CONFIG_KEY

from chassis.auth import keyring
from chassis.commands import ping
from tests.integration.support.tcp_proxy import TcpProxy
from tests.integration.chassis.kitchen import SQLite

Start = Callable[..., Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "DEADLINE", 1)


def command(service: str, uri: str) -> tuple[int, str]:
    """Run it as a health check does; return its exit code and what it says."""
    environment = os.environ | {AMQP_URI_CONFIG_KEY: uri}
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "chassis.commands.ping", service],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while process.poll() is None:
        eventlet.sleep(0.02)
    assert process.stdout
    with process.stdout as output:
        return process.returncode, output.read()


def test_a_service_that_is_there_answers_and_nothing_is_said(start: Start, settings: dict[str, Any]) -> None:
    start(SQLite)
    assert command(SQLite.name, settings["AMQP_URI"]) == (0, "")


def test_a_service_that_was_never_there_is_found_out_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(ping.NoAnswerError, match="nobody listens"):
        ping.ping(settings, SQLite.name)
    code, said = command(SQLite.name, settings["AMQP_URI"])
    assert (code, said) == (1, "feeds: nobody listens\n")


def test_a_service_whose_queue_is_all_that_is_left_does_not_answer(start: Start, settings: dict[str, Any]) -> None:
    start(SQLite).stop()
    with pytest.raises(TimeoutError):
        ping.ping(settings, SQLite.name)


def test_a_service_with_other_keys_refuses(start: Start, settings: dict[str, Any]) -> None:
    start(SQLite)
    keyring._shared.cache_clear()  # noqa: SLF001 - another process has a keyring of its own
    with pytest.raises(ping.NoAnswerError, match="Unauthenticated"):
        ping.ping(settings | {"service_token_keys": "k9:" + 32 * "x"}, SQLite.name)


@pytest.mark.parametrize(("trouble", "code"), [(TcpProxy.cut, 1), (TcpProxy.freeze, -signal.SIGALRM)])
def test_with_the_broker_away_or_hanging_it_ends_with_an_error(
    wire_to_broker: TcpProxy, trouble: Callable[[TcpProxy], None], code: int
) -> None:
    trouble(wire_to_broker)
    found, _ = command(SQLite.name, wire_to_broker.uri)
    assert found in {1, code}
