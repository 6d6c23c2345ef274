"""A durable event, and one that may be lost."""

from typing import ClassVar

from chassis.contract import Event


class OrderPlaced(Event):
    source: ClassVar[str] = "orders"
    type: ClassVar[str] = "order_placed"

    quantity: int


class OrderViewed(OrderPlaced):
    type: ClassVar[str] = "order_viewed"
    durable: ClassVar[bool] = False
