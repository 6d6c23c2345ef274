"""The services of examples/ with methods that misbehave; tests observe and control them with class attributes."""

from collections.abc import Callable
from datetime import UTC
from typing import Any, ClassVar

from eventlet.event import Event as Signal

from chassis.auth.caller import Caller
from chassis.contract import Empty
from chassis.db import outbox
from chassis.errors import Conflict
from chassis.events.handler import event_handler
from chassis.ids import new_id
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService
from orders.contract import Order, OrderPlaced, PlaceOrder
from orders.service import OrdersService


class OrderViewed(OrderPlaced):
    """An event that may be lost."""

    type: ClassVar[str] = "order_viewed"
    durable: ClassVar[bool] = False


class SampleOrders(OrdersService):
    """OrdersService, open to every service."""

    callers: ClassVar[list[Caller]] = []
    pause: ClassVar[Signal | None] = None

    @rpc
    def place(self, request: PlaceOrder) -> Order:
        """Place an order; then wait for `pause`, if it is set, before the reply."""
        self.callers.append(self.caller)
        order: Order = super().place(request)
        if SampleOrders.pause is not None:
            SampleOrders.pause.wait()
        return order

    @rpc
    def place_and_fail(self, request: PlaceOrder) -> Empty:
        """Add an event to a transaction that is rolled back."""
        with self.db.write() as session:
            outbox.add(session, _placed(request.quantity))
            raise Conflict("The item is sold out.")

    @rpc
    def place_many(self, request: PlaceOrder) -> Empty:
        """Add `quantity` events to one transaction."""
        with self.db.write() as session:
            for quantity in range(request.quantity):
                outbox.add(session, _placed(quantity))
        return Empty()

    @rpc
    def view(self, request: PlaceOrder) -> Empty:
        """Add an event that is not durable to a transaction."""
        with self.db.write() as session:
            outbox.add(session, OrderViewed(order_id=new_id(), item=request.item, quantity=request.quantity))
        return Empty()

    @rpc
    def record_caller(self, request: Empty) -> Empty:
        """Record the caller and nothing else."""
        self.callers.append(self.caller)
        return request

    @rpc
    def crash(self, request: Empty) -> Empty:
        """Raise an unexpected error."""
        raise KeyError("SELECT * FROM secrets", request)

    @rpc
    def unencodable(self, request: Empty) -> Any:
        """Return a value that JSON cannot encode."""
        return UTC if request else None


class SampleInvoices(ListeningService):
    """Records the events that it receives, then runs `handle`."""

    name = "invoices"

    received: ClassVar[list[int]] = []  # quantities
    handle: ClassVar[Callable[["SampleInvoices", OrderPlaced], None]]

    @event_handler(OrderPlaced)
    def on_order_placed(self, event: OrderPlaced) -> None:
        """Record the event, then do what the test wants."""
        self.received.append(event.quantity)
        SampleInvoices.handle(self, event)

    @rpc
    def reorder(self, request: PlaceOrder) -> Order:
        """Call the orders service."""
        return self.rpc_client.call("orders.place", request, Order)


def succeed(_invoices: SampleInvoices, _event: OrderPlaced) -> None:
    """Handle an event without an error; the default of `handle`."""


def fail(_invoices: SampleInvoices, _event: OrderPlaced) -> None:
    """Fail with an error whose code is `no_printer`."""
    raise Conflict("There is no printer.", "no_printer")


def fail_times(times: int) -> Callable[[SampleInvoices, OrderPlaced], None]:
    """Return a `handle` that fails the first `times` times."""

    def handle(invoices: SampleInvoices, event: OrderPlaced) -> None:
        if len(invoices.received) <= times:
            fail(invoices, event)

    return handle


def _placed(quantity: int) -> OrderPlaced:
    return OrderPlaced(order_id=new_id(), item="tea", quantity=quantity)
