"""Arms crash points, switches guards off and sets clocks of a platform that runs with the hooks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dev.machine.files import write_private
from dev.machine.waiting import until
from dev.platform.instance import Instance

LIMIT = 60  # seconds until a crash point is reached


class Hooks:
    """The files that the processes look at: see `hooks/sitecustomize.py`."""

    def __init__(self, platform: Instance) -> None:
        self._folder = platform.directory / "hooks"

    def arm(self, point: str, target: str) -> None:
        """Let the first process that reaches the point for this target kill itself."""
        (self._folder / f"crashed.{point}").unlink(missing_ok=True)
        write_private(self._folder / f"crash.{point}", target)

    def crashed(self, point: str) -> bool:
        return (self._folder / f"crashed.{point}").exists()

    @contextmanager
    def switched_off(self, *guards: str) -> Iterator[None]:
        """Switch guards off in the block."""
        with self._files({f"off.{guard}": "" for guard in guards}):
            yield

    @contextmanager
    def clock(self, program: str, seconds: float) -> Iterator[None]:
        """Set the clock of a program wrong in the block."""
        with self._files({f"clock.{program}": str(seconds)}):
            yield

    @contextmanager
    def _files(self, texts: Mapping[str, str]) -> Iterator[None]:
        for name, text in texts.items():
            write_private(self._folder / name, text)
        try:
            yield
        finally:
            for name in texts:
                (self._folder / name).unlink(missing_ok=True)


def crash(platform: Instance, hooks: Hooks, point: str, target: str) -> None:
    """Arm a point, and wait until a process has killed itself there and was restarted."""
    service, _, method = target.partition(".")
    program = target if method in {"service", "deliveries"} else f"{service}.service"
    before = {status.pid for status in platform.control.replicas(program)}
    hooks.arm(point, target)
    until(lambda: hooks.crashed(point), f"a crash at {point} of {target}", LIMIT)
    until(lambda: not before <= {status.pid for status in platform.control.replicas(program)}, "a restart", LIMIT)
    until(lambda: all(one.state == "RUNNING" for one in platform.control.replicas(program)), f"{program} to run", LIMIT)
