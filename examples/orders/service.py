"""The services of this module: `python -m chassis.runner orders.service` runs all of them in one process."""

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.access import services
from chassis.db import outbox
from chassis.db.database import Database
from chassis.db.sql import insert_new
from chassis.errors import NotFound
from chassis.events.batch_handler import Batch, event_batch_handler
from chassis.events.handler import event_handler
from chassis.ids import new_id
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService, PublishingService
from orders import contract
from orders.models import Base, Invoice, Order, Parcel

PRICE = 250  # cents for any item


class OrdersService(PublishingService):
    """Places orders and publishes OrderPlaced."""

    name = "orders"

    db = Database(Base, "orders")

    @rpc(services("shop"))
    def place(self, request: contract.PlaceOrder) -> contract.Order:
        """Place an order; repeating the call with the same idempotency key returns the same order."""
        return self.db.once(contract.Order, lambda session: _place(session, request))

    @rpc
    def get(self, request: contract.GetOrder) -> contract.Order:
        """Return an order."""
        with self.db.read() as session:
            order = session.get(Order, request.id)
            if order is None:
                raise NotFound("There is no such order.")
            return _reply(order)


class InvoicesService(ListeningService):
    """Creates an invoice for each order."""

    name = "invoices"

    db = Database(Base, "orders")

    @event_handler(contract.OrderPlaced)
    def on_order_placed(self, event: contract.OrderPlaced) -> None:
        """Create the invoice. An event may be delivered twice, so a second invoice for the order is not inserted."""
        with self.db.write() as session:
            insert_new(session, Invoice, {"order_id": event.order_id, "total": event.quantity * PRICE})

    @rpc
    def get(self, request: contract.GetInvoice) -> contract.Invoice:
        """Return the invoice for an order."""
        with self.db.read() as session:
            invoice = session.get(Invoice, request.order_id)
            if invoice is None:
                raise NotFound("There is no invoice for this order.")
            return contract.Invoice(order_id=invoice.order_id, total=invoice.total)


class WarehouseService(ListeningService):
    """Packs a parcel for each order."""

    name = "warehouse"

    db = Database(Base, "orders")

    @event_batch_handler(contract.OrderPlaced)
    def on_order_placed(self, events: Batch[contract.OrderPlaced]) -> None:
        """Create the parcels of all orders that wait, in one transaction. A single order does not wait for others."""
        with self.db.write() as session:
            for event in events:
                row = {"order_id": event.order_id, "item": event.item, "quantity": event.quantity}
                insert_new(session, Parcel, row)

    @rpc
    def get(self, request: contract.GetParcel) -> contract.Parcel:
        """Return the parcel of an order."""
        with self.db.read() as session:
            parcel = session.get(Parcel, request.order_id)
            if parcel is None:
                raise NotFound("There is no parcel for this order.")
            return contract.Parcel(order_id=parcel.order_id, item=parcel.item, quantity=parcel.quantity)


def _place(session: Session, request: contract.PlaceOrder) -> contract.Order:
    """Store the order and its event in one transaction: either both are committed or neither."""
    order = Order(id=new_id(), item=request.item, quantity=request.quantity, placed_at=clock.now())
    session.add(order)
    outbox.add(session, contract.OrderPlaced(order_id=order.id, item=order.item, quantity=order.quantity))
    return _reply(order)


def _reply(order: Order) -> contract.Order:
    return contract.Order(id=order.id, item=order.item, quantity=order.quantity, placed_at=order.placed_at)
