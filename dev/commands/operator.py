"""`make doctor`, `make shell` and `make monitor`, on the running platform."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import requests

from dev.machine.state import State
from dev.machine.waiting import until
from dev.platform.instance import Instance, find_running
from dev.platform.programs import DATABASE_OWNERS
from dev.servers import prometheus


def doctor() -> NoReturn:
    """Print what is wrong with the platform and what to do."""
    _exec("chassis.commands.doctor", *DATABASE_OWNERS)


def shell() -> NoReturn:
    """Open a shell that calls the services."""
    _exec("chassis.commands.shell")


def _exec(module: str, *arguments: str) -> NoReturn:
    """Replace this process by a module that runs with the platform's variables."""
    environment = {**os.environ, **find_running().environment}
    os.execve(sys.executable, (sys.executable, "-m", module, *arguments), environment)  # noqa: S606 - no shell


def monitor() -> int:
    """Run Prometheus with the alerts until Ctrl-C or `make stop`."""
    instance = find_running()
    with monitoring(instance, interval=5) as url:
        print(f"Prometheus   {url}\nalerts       {url}/alerts\n\nCtrl-C stops it.", flush=True)
        with suppress(KeyboardInterrupt):
            while instance.running():
                time.sleep(1)
    return 0


@contextmanager
def monitoring(instance: Instance, interval: int) -> Iterator[str]:
    """Run Prometheus in the block, with scrapes every `interval` seconds; every target has been scraped once."""
    state = State(instance.directory)
    prometheus.write_configuration(instance.directory, state, instance.environment, interval)
    url = f"http://127.0.0.1:{state.ports['prometheus']}"
    instance.control.start_group("monitoring")
    try:
        until(lambda: _has_scraped(url), f"Prometheus, see {instance.log / 'prometheus.log'}", 30)
        yield url
    finally:
        if instance.running():
            instance.control.stop_group("monitoring")


def _has_scraped(prometheus_url: str) -> bool:
    """Return whether every target was scraped; there are none for five seconds after the start."""
    reply = requests.get(f"{prometheus_url}/api/v1/targets", params={"state": "active"}, timeout=5)
    targets = reply.json()["data"]["activeTargets"]
    return bool(targets) and all(target["health"] != "unknown" for target in targets)
