"""`make doctor`, `make shell` and `make monitor`, on the running platform."""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

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

    def scraped() -> bool:
        with urllib.request.urlopen(f"{url}/api/v1/targets?state=active", timeout=5) as reply:  # noqa: S310 - http
            targets = json.load(reply)["data"]["activeTargets"]  # empty for five seconds after the start
        return bool(targets) and all(target["health"] != "unknown" for target in targets)

    instance.control.start_group("monitoring")
    try:
        until(scraped, f"Prometheus, see {instance.log / 'prometheus.log'}", 30)
        yield url
    finally:
        if instance.running():
            instance.control.stop_group("monitoring")
