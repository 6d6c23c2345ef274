"""`make monitor`: Prometheus with the alerts for what `make run` started, until Ctrl-C or `make stop`."""

import sys
import time

from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.prometheus import Prometheus
from docker.dev.signals import interruptible

_INTERVAL = 5  # seconds
_LOOK = 1  # seconds


def main() -> int:
    """Return the exit code."""
    interruptible()
    instance = Instance("run")
    if not instance.running():
        print("nothing runs: `make run` first, in another terminal", file=sys.stderr)
        return 1
    try:
        with Prometheus(instance, _INTERVAL) as prometheus:
            print(f"Prometheus   {prometheus.url}\nalerts       {prometheus.url}/alerts\n\nCtrl-C ends it.", flush=True)
            while prometheus.alive():
                time.sleep(_LOOK)
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
