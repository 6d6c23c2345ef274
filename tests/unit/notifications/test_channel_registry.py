"""The registry of channels and what follows from it."""

from typing import get_args

from chassis.amqp import entrypoints
from chassis.timers import Timer
from notifications.channels.registry import CHANNELS
from notifications.contract import DELIVERY_CHANNELS
from notifications.deliveries import DeliveriesService
from users.contract import REALTIME, Channel


def test_registry_has_every_channel_of_the_contracts() -> None:
    assert tuple(CHANNELS) == DELIVERY_CHANNELS
    assert {*DELIVERY_CHANNELS, REALTIME} == set(get_args(Channel))


def test_every_channel_has_a_worker_of_its_own() -> None:
    timers = [timer for method, timer in entrypoints.find(DeliveriesService, Timer) if method.__name__ == "send"]
    assert sorted(timer.arguments for timer in timers) == sorted((name,) for name in CHANNELS)
