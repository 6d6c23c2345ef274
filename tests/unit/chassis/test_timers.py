"""Timers that read their interval in the configuration."""

from typing import Any

import pytest
from nameko.containers import ServiceContainer

from chassis.timers import timer

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")


class TeaService:
    name = "tea"

    @timer("tea.pot.interval")
    def pour(self) -> None: ...


def interval(config: dict[str, Any]) -> object:
    container = ServiceContainer(TeaService, config)
    (found,) = container.entrypoints
    found.setup()
    return found.interval


def test_timer_fires_at_the_configured_interval() -> None:
    assert interval({"tea": {"pot": {"interval": 7}}}) == 7


def test_a_place_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(KeyError, match="pot"):
        interval({"tea": {}})
