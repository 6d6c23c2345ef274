"""`make run`: the whole platform on this machine, until Ctrl-C or `make stop`."""

import os
import signal
import sys

from docker.dev import ports, readiness, summary
from docker.dev.deaths import Deaths
from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.signals import interruptible, uninterrupted
from docker.dev.sole import owner
from docker.dev.steps import Steps

_NAME = "run"
_LOOK = 2  # seconds between looks at who has died


def main() -> int:
    """Return the exit code: 0 if somebody asked it to stop, 1 if something failed."""
    interruptible()
    try:
        with owner(_NAME):
            return _run(Instance(_NAME, steps=Steps()))
    except EXPECTED as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _run(instance: Instance) -> int:
    print(f"Baraza, in {instance.directory}")
    instance.stop()  # what a killed start left behind
    _need_port()
    try:
        instance.start_servers()
        instance.start_applications()
        print(summary.text(instance.environment, instance.directory), flush=True)
        return _watch(instance)
    except EXPECTED:
        if failures := readiness.failures(instance.control, instance.directory / "log"):
            print(f"\n{failures}", file=sys.stderr)
        raise
    finally:
        with uninterrupted(), Steps().step("stop"):
            instance.stop()


def _need_port() -> None:
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    ports.need(host, port, "`PORT=8001 make run` takes another")


def _watch(instance: Instance) -> int:
    """Stay until the supervisor ends, telling of processes that keep dying."""
    deaths = Deaths()
    while (code := instance.supervisor.exit_code(patience=_LOOK)) is None:
        for name in deaths.update(instance.control.statuses()):
            print(f"  {name} keeps dying, see {instance.directory / 'log' / name}.log", flush=True)
    how = "stopped from elsewhere" if code == 0 else f"the supervisor died ({signal.strsignal(-code) or code})"
    print(f"\nBaraza: {how}")
    return 0 if code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
