"""`make stop`, or `python -m docker.dev.stop [name]`: end every process of an instance, and nothing else."""

import os
import signal
import sys
from contextlib import suppress

from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.sole import holder
from docker.dev.steps import Steps
from docker.dev.waiting import TimeLimitError, until

_LIMIT = 120  # seconds


def main(name: str = "run") -> int:
    """Return the exit code; to stop what does not run is no failure."""
    instance = Instance(name)
    if not instance.directory.exists():
        return 0
    try:
        with Steps().step(f"stop {name}"):
            stop(instance)
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def stop(instance: Instance) -> None:
    """Ask the process that runs the instance to end it, then end what is left."""
    process = holder(instance.directory)
    if process:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
        with suppress(TimeLimitError):
            until(lambda: holder(instance.directory) != process, "the running command to end", _LIMIT)
    instance.stop()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
