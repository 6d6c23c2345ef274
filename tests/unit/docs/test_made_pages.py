"""What of the documentation is made from the code."""

from chassis.amqp import entrypoints
from chassis.config import FILE
from chassis.events.handler import EventHandler
from chassis.rpc.entrypoint import Rpc
from chassis.rpc.introspection import summary
from docker.dev.contracts.surface import events, service_classes
from docker.dev.docs import catalogue, variables
from docker.dev.docs.__main__ import pages
from docker.dev.places import ROOT


def test_what_is_made_from_the_code_is_as_the_code_makes_it() -> None:
    there = {page: page.read_text(encoding="utf-8") for page in pages()}
    assert there == pages(), "run `python -m docker.dev.docs`"


def test_every_method_handler_and_event_is_in_the_catalogue() -> None:
    page = catalogue.page()
    for service in service_classes():
        for method, _ in entrypoints.find(service, Rpc):
            assert f"`{service.name}.{method.__name__}`" in page  # type: ignore[attr-defined]  # as Nameko has it
        for method, _ in entrypoints.find(service, EventHandler):
            assert f"`{method.__name__}`: " in page
    for event in events():
        assert f"\n### `{event.type}`\n" in page


def test_every_method_says_what_it_does() -> None:
    methods = [method for service in service_classes() for method, _ in entrypoints.find(service, Rpc)]
    assert [method.__qualname__ for method in methods if not summary(method)] == []


CONFIG = """
# A heading belongs to nothing.

# where it is,
# or was (docs/operations.md#backup)
place: ${PLACE}
users:
  size: ${SIZE:3}  # cups
  fixed: 5         # not a variable
  colour: !raw_env_var ${COLOUR:}
"""


def test_a_variable_means_what_stands_above_and_behind_it() -> None:
    assert variables.read(CONFIG) == [
        variables.Variable("common", "PLACE", None, "where it is, or was (docs/operations.md#backup)"),
        variables.Variable("users", "SIZE", "3", "cups"),
        variables.Variable("users", "COLOUR", "", ""),
    ]


def test_every_variable_says_what_it_means() -> None:
    known = variables.read((ROOT / FILE).read_text(encoding="utf-8"))
    assert known
    assert [one.name for one in known if not one.meaning] == []
