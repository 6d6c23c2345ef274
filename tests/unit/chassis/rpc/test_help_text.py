from pydantic import Field

from chassis.auth.access import services
from chassis.contract import Empty, Message
from chassis.rpc import help_text
from chassis.rpc.entrypoint import rpc
from chassis.rpc.introspection import describe
from chassis.service import Service


class Order(Message):
    quantity: int = Field(ge=1, le=12)
    discount: float | None = None
    tags: list[str] = Field(default=["new"])


class OrdersService(Service):
    name = "orders"

    @rpc(services("shop"))
    def order(self, request: Order) -> Empty:
        """Place an order.

        At once.
        """
        raise NotImplementedError(request)


def test_help_shows_the_signature_purpose_and_callers_of_each_method() -> None:
    text = help_text.text(describe(OrdersService).model_dump())
    assert text.startswith("orders\n")
    signature = 'order(quantity: integer, 1 to 12; discount?: number or null; tags?: list of string = ["new"])'
    assert f"  {signature} -> Empty\n" in text
    assert "      Place an order.\n      Callers: shop, operators.\n" in text
    assert "  ping() -> Empty\n" in text
    assert "At once" not in text
