"""The registry of channels agrees with the contracts and the configuration."""

import subprocess
import sys
from typing import get_args

import notifications.contract
import users.contract
from chassis.amqp import entrypoints
from chassis.timers import Timer
from notifications.channels.registry import NAMES
from notifications.deliveries import DeliveriesService


def test_registered_names_are_those_of_the_contracts() -> None:
    assert get_args(notifications.contract.DeliveryChannel) == NAMES
    assert set(get_args(users.contract.Channel)) == {"realtime", *NAMES}


def test_every_channel_has_a_timer_of_its_own() -> None:
    timers = [timer for method, timer in entrypoints.find(DeliveriesService, Timer) if method.__name__ == "send_due"]
    assert sorted(timer.arguments for timer in timers) == sorted((name,) for name in NAMES)


def test_service_that_sends_nothing_does_not_import_what_channels_need() -> None:
    code = (
        "import sys, notifications.service; sys.exit(bool({'africastalking', 'requests', 'jinja2'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0  # noqa: S603
