"""The registry of channels agrees with the contracts and the configuration."""

from pathlib import Path
from typing import get_args

import pytest

import notifications.contract
import users.contract
from chassis.amqp import entrypoints
from chassis.timers import Timer
from notifications.channels.registry import CHANNELS, NAMES, ChannelSpec
from notifications.deliveries import DeliveriesService


def test_registered_names_are_those_of_the_contracts() -> None:
    assert get_args(notifications.contract.DeliveryChannel) == NAMES
    assert set(get_args(users.contract.Channel)) == {"realtime", *NAMES}


def test_every_channel_has_a_timer_of_its_own() -> None:
    timers = [timer for method, timer in entrypoints.find(DeliveriesService, Timer) if method.__name__ == "send_due"]
    assert sorted(timer.arguments for timer in timers) == sorted((name,) for name in NAMES)


@pytest.mark.parametrize("channel", CHANNELS, ids=NAMES)
def test_every_channel_has_a_folder_and_a_section_of_the_configuration(channel: ChannelSpec) -> None:
    assert channel.setup.__module__ == f"notifications.channels.{channel.name}.channel"
    config = Path(notifications.contract.__file__).parents[1] / "config.yml"
    assert f"\n  {channel.name}:\n" in config.read_text(encoding="utf-8")
