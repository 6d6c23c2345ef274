from pydantic import Field

from chassis.auth.access import services
from chassis.contract import Empty, Message
from chassis.rpc import help_text
from chassis.rpc.entrypoint import rpc
from chassis.rpc.introspection import describe
from chassis.service import Service


class Pour(Message):
    cups: int = Field(ge=1, le=12)
    sugar: float | None = None
    guests: list[str] = Field(default=["ada"])


class Kettle(Service):
    name = "kettle"

    @rpc(services("guests"))
    def pour(self, request: Pour) -> Empty:
        """Pour tea.

        Slowly.
        """
        raise NotImplementedError(request)


def test_each_method_is_shown_as_it_is_called_with_what_it_does_and_for_whom() -> None:
    shown = help_text.text(describe(Kettle).model_dump())
    assert shown.startswith("kettle\n")
    assert (
        '  pour(cups: integer, 1 to 12; sugar?: number or null; guests?: list of string = ["ada"]) -> Empty\n' in shown
    )
    assert "      Pour tea.\n      Callers: guests, operators.\n" in shown
    assert "  ping() -> Empty\n" in shown
    assert "Slowly" not in shown
