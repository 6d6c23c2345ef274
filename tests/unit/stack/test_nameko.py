"""What Nameko 2.14 is made of, and how it finds services."""

import importlib
import sys
from types import ModuleType
from typing import Any

import pytest
from eventlet.patcher import is_monkey_patched
from nameko.cli.run import import_service
from nameko.constants import DEFAULT_HEARTBEAT
from nameko.exceptions import deserialize, deserialize_to_instance, serialize
from nameko.rpc import rpc
from nameko.timer import Timer

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")


def test_its_command_line_imports_pkg_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkg_resources", None)
    monkeypatch.delitem(sys.modules, "nameko.cli.main", raising=False)
    with pytest.raises(ModuleNotFoundError, match="pkg_resources"):
        importlib.import_module("nameko.cli.main")


@pytest.mark.parametrize(("module", "name"), [("nameko", "config"), ("nameko.rpc", "ServiceRpc")])
def test_what_version_3_was_to_have_is_not_there(module: str, name: str) -> None:
    assert not hasattr(importlib.import_module(module), name)


def test_its_websockets_cannot_be_imported_beside_werkzeug_3() -> None:
    with pytest.raises(AttributeError, match="__version__"):
        importlib.import_module("nameko.web.websocket")


def test_its_pytest_plugin_patches_nothing(pytestconfig: pytest.Config) -> None:
    assert importlib.import_module("nameko.testing.pytest") in pytestconfig.pluginmanager.get_plugins()
    assert not is_monkey_patched("socket")


def test_a_service_that_a_module_only_imports_is_started_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("kitchen")
    module.Neighbour = type("Neighbour", (), {"name": "neighbour", "ping": rpc(lambda _self: None)})
    monkeypatch.setitem(sys.modules, "kitchen", module)
    assert module.Neighbour.__module__ != "kitchen"
    assert import_service("kitchen") == [module.Neighbour]


def test_a_timer_has_its_interval_before_there_is_a_configuration() -> None:
    assert Timer(7).interval == 7


def test_a_heartbeat_is_60_seconds_unless_one_says_otherwise() -> None:
    assert DEFAULT_HEARTBEAT == 60


def test_an_exception_with_a_keyword_only_argument_breaks_in_the_callers_hands() -> None:
    @deserialize_to_instance
    class Odd(Exception):
        def __init__(self, *, why: str) -> None:
            super().__init__(why)

    with pytest.raises(TypeError):
        deserialize(serialize(Odd(why="because")))
