"""`make monitor`: Prometheus with the alerts for what `make run` started, until Ctrl-C or `make stop`."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from dev.machine.state import State
from dev.machine.waiting import until
from dev.platform.instance import Instance, find_running
from dev.servers import prometheus

_INTERVAL = 5  # seconds between scrapes


def monitor() -> int:
    """Run Prometheus and print its addresses."""
    instance = find_running()
    with monitoring(instance, _INTERVAL) as url:
        print(f"Prometheus   {url}\nalerts       {url}/alerts\n\nCtrl-C stops it.", flush=True)
        while instance.running():
            time.sleep(1)
    return 0


@contextmanager
def monitoring(instance: Instance, interval: int) -> Iterator[str]:
    """Run Prometheus and the exporters in the block; it begins when every target has been scraped."""
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
