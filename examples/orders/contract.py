"""The contract of the service: requests, replies and events. Other services import this module and no other."""

from typing import ClassVar

from pydantic import Field

from chassis.contract import Event, Id, Message, Text, Timestamp


class PlaceOrder(Message):
    """Order a number of one item."""

    item: Text = Field(min_length=1, max_length=100)
    quantity: int = Field(ge=1, le=1000)


class GetOrder(Message):
    """Names an order."""

    id: Id


class Order(Message):
    """An order that was placed."""

    id: Id
    item: Text
    quantity: int
    placed_at: Timestamp


class OrderPlaced(Event):
    """An order was placed. Published once its transaction is committed."""

    source: ClassVar[str] = "orders"
    type: ClassVar[str] = "order_placed"

    order_id: Id
    item: Text
    quantity: int


class GetInvoice(Message):
    """Names the order of an invoice."""

    order_id: Id


class Invoice(Message):
    """The invoice for an order."""

    order_id: Id
    total: int = Field(description="In cents.")


class GetParcel(Message):
    """Names the order of a parcel."""

    order_id: Id


class Parcel(Message):
    """The parcel of an order."""

    order_id: Id
    item: Text
    quantity: int
