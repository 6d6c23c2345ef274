"""`make stop` and `make clean`."""

import os
import signal
from contextlib import suppress

from dev.machine import files, lock
from dev.machine.waiting import TimeLimitError, step, until
from dev.platform.instance import Instance


def stop() -> int:
    """Stop what `make run` started, and the servers that `make try` keeps."""
    for instance in _instances():
        if instance.name == "run" or instance.name.startswith("try"):
            _stop(instance)
    return 0


def clean() -> int:
    """Stop and delete every instance, also its files outside the project."""
    for instance in _instances():
        _stop(instance)
        instance.delete()
    return 0


def _stop(instance: Instance) -> None:
    """Interrupt the command that runs the instance, then stop what is left."""
    with step(f"stop {instance.name}"):
        if process := lock.holder(instance.directory):
            with suppress(ProcessLookupError, TimeLimitError):
                os.kill(process, signal.SIGTERM)
                until(lambda: lock.holder(instance.directory) != process, "the running command to end", 120)
        instance.stop()


def _instances() -> list[Instance]:
    return [Instance(file.parent.name) for file in sorted(files.INSTANCES.glob("*/state.json"))]
