"""The service's process is killed with SIGKILL at the two worst moments; the next process finishes the work."""

from collections.abc import Callable

from chassis.auth.caller import Caller
from tests.integration.support.example import ExampleProcesses
from tests.integration.support.rpc import Rpc

SHOP = Caller("shop")

# A runner whose process commits events and never publishes them. Its leases are short, so the test need not wait.
NEVER_PUBLISHES = """
import sys
from datetime import timedelta
import eventlet
from chassis import runner
from chassis.amqp.publisher import BatchPublisher
from chassis.db.outbox import store

BatchPublisher.publish = lambda *_: eventlet.sleep(60)
store.LEASE = timedelta(seconds=1)
sys.argv[1:] = ["orders.service"]
runner.main()
"""

# A runner whose process handles messages and never acknowledges them.
NEVER_ACKNOWLEDGES = """
import sys
from chassis import runner
from chassis.amqp.consumer import QueueConsumer

QueueConsumer.ack_message = lambda *_: None
sys.argv[1:] = ["orders.service"]
runner.main()
"""


def test_event_is_handled_once_after_a_kill_between_commit_and_publish(
    processes: ExampleProcesses, rpc: Rpc, until: Callable[[Callable[[], object]], None]
) -> None:
    first = processes.start("-c", NEVER_PUBLISHES)
    order = rpc("orders.place", SHOP, item="tea", quantity=2)
    first.kill()
    first.wait()
    assert (processes.count("outbox"), processes.count("invoices")) == (1, 0)
    processes.start()
    until(lambda: processes.count("invoices") == 1)
    assert rpc("invoices.get", SHOP, order_id=order["id"])["total"] == 500
    until(lambda: processes.count("outbox") == 0)
    assert processes.count("invoices") == 1


def test_event_and_call_are_handled_once_after_a_kill_before_the_acknowledgement(
    processes: ExampleProcesses, rpc: Rpc, until: Callable[[Callable[[], object]], None]
) -> None:
    first = processes.start("-c", NEVER_ACKNOWLEDGES)
    order = rpc("orders.place", SHOP, request_key="k-1", item="tea", quantity=2)
    until(lambda: processes.count("invoices") == 1)
    first.kill()
    first.wait()
    processes.start()
    until(lambda: "invoices.on_order_placed" in processes.log() and "orders.place" in processes.log())
    assert rpc("orders.place", SHOP, request_key="k-1", item="tea", quantity=2) == order
    assert (processes.count("orders"), processes.count("invoices")) == (1, 1)
