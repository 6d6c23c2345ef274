"""The environment of an instance as a file that a shell can read: `set -a; . .run/run/environment`."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from docker.dev.state import write_private


def write(file: Path, environment: Mapping[str, str]) -> None:
    """Write one quoted assignment a line, for its owner's eyes only: it holds every secret."""
    write_private(file, "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))


def read(file: Path) -> dict[str, str]:
    """Return what `write` wrote."""
    return dict(word.split("=", 1) for word in shlex.split(file.read_text()))
