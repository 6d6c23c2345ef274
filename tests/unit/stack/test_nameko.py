"""Nameko 2.14: its imports, and how it finds services."""

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


def test_command_line_imports_pkg_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkg_resources", None)
    monkeypatch.delitem(sys.modules, "nameko.cli.main", raising=False)
    with pytest.raises(ModuleNotFoundError, match="pkg_resources"):
        importlib.import_module("nameko.cli.main")


@pytest.mark.parametrize(("module", "name"), [("nameko", "config"), ("nameko.rpc", "ServiceRpc")])
def test_names_of_version_3_do_not_exist(module: str, name: str) -> None:
    assert not hasattr(importlib.import_module(module), name)


def test_websockets_cannot_be_imported_with_werkzeug_3() -> None:
    with pytest.raises(AttributeError, match="__version__"):
        importlib.import_module("nameko.web.websocket")


def test_pytest_plugin_does_not_monkey_patch(pytestconfig: pytest.Config) -> None:
    assert importlib.import_module("nameko.testing.pytest") in pytestconfig.pluginmanager.get_plugins()
    assert not is_monkey_patched("socket")


def test_imported_service_classes_are_started_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("sample")
    module.Imported = type("Imported", (), {"name": "imported", "ping": rpc(lambda _self: None)})
    monkeypatch.setitem(sys.modules, "sample", module)
    assert module.Imported.__module__ != "sample"
    assert import_service("sample") == [module.Imported]


def test_interval_of_a_timer_is_set_before_the_configuration_is_loaded() -> None:
    assert Timer(7).interval == 7


def test_default_heartbeat_is_60_seconds() -> None:
    assert DEFAULT_HEARTBEAT == 60


def test_exception_with_a_keyword_only_argument_fails_in_the_caller() -> None:
    @deserialize_to_instance
    class Odd(Exception):
        def __init__(self, *, why: str) -> None:
            super().__init__(why)

    with pytest.raises(TypeError):
        deserialize(serialize(Odd(why="because")))
