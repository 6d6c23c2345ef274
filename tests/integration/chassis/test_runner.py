"""The runner as a process, with the services of examples/."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import eventlet
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from chassis.auth.caller import Caller
from chassis.ids import new_id
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.conftest import UNTIL_TIMEOUT, Settings, Until
from tests.integration.support.example import ExampleProcesses
from tests.integration.support.rpc import Rpc
from tests.integration.support.tcp_proxy import TcpProxy

SHOP = Caller("shop")

SHORT_GRACE = """
import sys
from chassis import runner

runner.GRACE = 2
sys.argv[1:] = ["orders.service"]
runner.main()
"""

# A greenlet of the containers fails a second after the start.
FAILING = """
import sys, eventlet
from chassis import runner
from chassis.db.outbox.relay import OutboxRelay

run = OutboxRelay.run

def fail():
    eventlet.sleep(1)
    1 / 0

def run_and_fail(self, *arguments):
    run(self, *arguments)
    self.container.spawn_managed_thread(fail)

OutboxRelay.run = run_and_fail
runner.GRACE = %d
sys.argv[1:] = ["orders.service"]
runner.main()
"""

# SIGTERM arrives while the containers start.
INTERRUPTED = """
import os, signal, sys
from chassis import runner
from nameko.runners import ServiceRunner

start = ServiceRunner.start

def interrupt_and_start(self):
    os.kill(os.getpid(), signal.SIGTERM)
    start(self)

ServiceRunner.start = interrupt_and_start
sys.argv[1:] = ["orders.service"]
runner.main()
"""


@pytest.fixture
def processes(tmp_path: Path, settings: Settings, until: Until) -> Iterator[ExampleProcesses]:
    (tmp_path / "process").mkdir()
    processes = ExampleProcesses(tmp_path / "process", settings["AMQP_URI"], until)
    yield processes
    processes.kill()


def start_call(rpc: Rpc, raw_client: RawAmqpClient, until: Until, key: str | None = None) -> Any:
    """Call `place`, and wait until the process has taken the request; returns the greenlet of the call."""
    queue = raw_client.bind("nameko-rpc", "orders.place")
    call = eventlet.spawn(rpc, "orders.place", SHOP, item="tea", quantity=2, request_key=key)
    raw_client.get(queue)
    until(lambda: raw_client.depth("rpc-orders") == 0)
    return call


def test_sigterm_finishes_running_calls_and_ends_the_process(
    processes: ExampleProcesses, rpc: Rpc, raw_client: RawAmqpClient, until: Until
) -> None:
    process = processes.start()
    lock = processes.lock()
    call = start_call(rpc, raw_client, until)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    lock.close()
    assert call.wait()["quantity"] == 2
    assert processes.exit_code(process) == 0
    assert time.monotonic() - started < 15
    assert processes.count("orders") == 1


def test_sigterm_during_the_start_ends_the_process_without_errors(processes: ExampleProcesses) -> None:
    processes.run("-c", INTERRUPTED)
    assert "stopping" in processes.log()
    assert "Traceback" not in processes.log()


@pytest.mark.parametrize("interrupt", [TcpProxy.cut, TcpProxy.freeze])
def test_sigterm_ends_the_process_while_the_broker_is_down_or_hangs(
    processes: ExampleProcesses, broker_proxy: TcpProxy, interrupt: Callable[[TcpProxy], None]
) -> None:
    process = processes.start("-c", SHORT_GRACE, AMQP_URI=broker_proxy.uri)
    interrupt(broker_proxy)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert processes.exit_code(process) in {0, -signal.SIGALRM}
    assert time.monotonic() - started < 15


def test_write_runs_once_if_its_process_is_killed_during_it(
    processes: ExampleProcesses, rpc: Rpc, raw_client: RawAmqpClient, until: Until
) -> None:
    process = processes.start()
    lock = processes.lock()
    call = start_call(rpc, raw_client, until, key="once")
    process.kill()
    lock.close()
    processes.start()
    order = call.wait()
    assert rpc("orders.place", SHOP, item="tea", quantity=2, request_key="once") == order
    assert processes.count("orders") == 1


def test_unhandled_error_in_a_container_ends_the_process(processes: ExampleProcesses) -> None:
    process = processes.start("-c", FAILING % 30)
    assert processes.exit_code(process) == 1
    assert "ZeroDivisionError" in processes.log()


def test_unhandled_error_ends_the_process_while_the_broker_hangs(
    processes: ExampleProcesses, broker_proxy: TcpProxy
) -> None:
    process = processes.start("-c", FAILING % 2, AMQP_URI=broker_proxy.uri)
    broker_proxy.freeze()
    assert processes.exit_code(process) in {1, -signal.SIGALRM}
    assert "ZeroDivisionError" in processes.log()


def test_process_exports_metrics(processes: ExampleProcesses, rpc: Rpc, until: Until, unused_port: int) -> None:
    processes.start(METRICS_PORT=str(unused_port))
    rpc("orders.place", SHOP, item="tea", quantity=2)
    with pytest.raises(Exception, match="no such order"):
        rpc("orders.get", SHOP, id=new_id())

    def value(name: str, **labels: str) -> float:
        text = requests.get(f"http://127.0.0.1:{unused_port}/metrics", timeout=UNTIL_TIMEOUT).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), 0)

    calls = partial(value, "baraza_rpc_seconds_count", service="orders")
    until(lambda: calls(method="place", outcome="ok") == 1)  # a call is counted after its reply
    until(lambda: calls(method="get", outcome="not_found") == 1)
    assert value("baraza_database_connections_limit", service="orders") == 1  # SQLite
    until(lambda: value("baraza_hub_stall_seconds_count") > 0)
    until(lambda: value("baraza_event_seconds_count", service="invoices", handler="on_order_placed", outcome="ok") == 1)


def test_process_exports_the_depth_and_age_of_its_outbox(
    processes: ExampleProcesses, rpc: Rpc, raw_client: RawAmqpClient, until: Until, unused_port: int
) -> None:
    processes.start(METRICS_PORT=str(unused_port))
    for service in ("invoices", "warehouse"):
        raw_client.delete(f"evt-orders-order_placed--{service}.on_order_placed")  # so that the event stays
    rpc("orders.place", SHOP, item="tea", quantity=2)

    def exported(line: str) -> bool:
        return line in requests.get(f"http://127.0.0.1:{unused_port}/metrics", timeout=UNTIL_TIMEOUT).text

    until(lambda: exported('baraza_outbox_events{service="orders"} 1.0'))
    until(lambda: not exported('baraza_outbox_age_seconds{service="orders"} 0.0'))


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_process_with_a_missing_variable_exits_with_its_name(processes: ExampleProcesses) -> None:
    with pytest.raises(AssertionError, match="SERVICE_TOKEN_KEYS"):
        processes.start(SERVICE_TOKEN_KEYS="")
