"""The health check of a service."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import eventlet
import pytest

from chassis.auth import keyring
from chassis.auth.keys import generate
from chassis.commands import ping
from tests.integration.chassis.conftest import Start
from tests.integration.chassis.sample_service import SampleOrders
from tests.integration.conftest import Settings
from tests.integration.support.tcp_proxy import TcpProxy


@pytest.fixture
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "DEADLINE", 1)


def run(service: str, amqp_uri: str) -> tuple[int, str]:
    """Run the command, and return its exit code and output."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "chassis.commands.ping", service],
        env=os.environ | {"AMQP_URI": amqp_uri},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while process.poll() is None:
        eventlet.sleep(0.02)
    assert process.stdout
    with process.stdout as output:
        return process.returncode, output.read()


def test_running_service_replies_and_nothing_is_printed(start: Start, settings: Settings) -> None:
    start(SampleOrders)
    assert run("orders", settings["AMQP_URI"]) == (0, "")


def test_service_without_a_queue_fails_at_once(settings: Settings) -> None:
    with pytest.raises(ping.NoAnswerError, match="no queue"):
        ping.ping(settings, "orders")
    assert run("orders", settings["AMQP_URI"]) == (1, "orders: it has no queue\n")


@pytest.mark.usefixtures("short_deadline")
def test_stopped_service_does_not_reply(start: Start, settings: Settings) -> None:
    start(SampleOrders).stop()
    with pytest.raises(TimeoutError):
        ping.ping(settings, "orders")


def test_service_with_other_keys_replies_with_an_error(start: Start, settings: Settings) -> None:
    start(SampleOrders)
    keyring._shared.cache_clear()  # noqa: SLF001 - another process has a keyring of its own
    with pytest.raises(ping.NoAnswerError, match="bad_service_token"):
        ping.ping(settings | {"service_token_keys": str(generate("orders/k1"))}, "orders")


@pytest.mark.parametrize(("interrupt", "code"), [(TcpProxy.cut, 1), (TcpProxy.freeze, -signal.SIGALRM)])
def test_command_fails_while_the_broker_is_down_or_hangs(
    broker_proxy: TcpProxy, interrupt: Callable[[TcpProxy], None], code: int
) -> None:
    interrupt(broker_proxy)
    exit_code, _ = run("orders", broker_proxy.uri)
    assert exit_code in {1, code}
