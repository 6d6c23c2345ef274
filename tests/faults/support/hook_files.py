"""Arms crash points, switches guards off and sets clocks of a platform that runs with the hooks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dev.machine.files import write_private
from dev.platform.instance import Instance


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
