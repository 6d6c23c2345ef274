"""Timers, whose interval is a number or a setting."""

import pytest
from nameko.containers import ServiceContainer

from chassis.timers import Timer, timer, timer_for_each

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")


class TeaService:
    name = "tea"

    @timer("tea.pot.interval")
    def pour(self) -> None: ...


class CupService:
    name = "cup"

    @timer(5)
    def wash(self) -> None: ...


class KettleService:
    name = "kettle"

    @timer_for_each("tea.pot.interval", ["green", "black"])
    def boil(self, tea: str) -> None: ...


def test_timer_fires_at_the_configured_interval() -> None:
    container = ServiceContainer(TeaService, {"tea": {"pot": {"interval": 7}}})
    (entrypoint,) = container.entrypoints
    entrypoint.setup()
    assert entrypoint.interval == 7


def test_timer_fires_at_the_interval_of_its_definition() -> None:
    container = ServiceContainer(CupService, {})
    (entrypoint,) = container.entrypoints
    entrypoint.setup()
    assert entrypoint.interval == 5


def test_missing_setting_prevents_the_start() -> None:
    container = ServiceContainer(TeaService, {"tea": {}})
    (entrypoint,) = container.entrypoints
    with pytest.raises(KeyError, match="pot"):
        entrypoint.setup()


def test_timer_for_each_runs_the_method_with_each_value(monkeypatch: pytest.MonkeyPatch) -> None:
    container = ServiceContainer(KettleService, {})
    calls: list[tuple[str, tuple[object, ...]]] = []

    def spawn_worker(entrypoint: Timer, arguments: tuple[object, ...], *_: object, **__: object) -> None:
        calls.append((entrypoint.method_name, arguments))

    monkeypatch.setattr(container, "spawn_worker", spawn_worker)
    for entrypoint in container.entrypoints:
        entrypoint.handle_timer_tick()
    assert sorted(calls) == [("boil", ("black",)), ("boil", ("green",))]
