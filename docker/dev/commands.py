"""Running a command to its end."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.dev.places import ROOT

_TAIL = 30  # lines


class CommandError(Exception):
    """A command failed; the text holds the end of what it said."""


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    log: Path | None = None,
    limit: float = 120,
) -> None:
    """Run from the project root, or as `user` from `/`, which anybody may enter; CommandError when it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(  # noqa: S603  the commands are this package's own
        words,
        cwd="/" if user else ROOT,
        env=dict(os.environ if environment is None else environment),
        user=user,
        group=user,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )
    if log:
        log.write_text(result.stdout)
    if result.returncode:
        raise CommandError(f"`{' '.join(words)}` failed:\n{last_lines(result.stdout)}")


def last_lines(text: str) -> str:
    """Return the end of a log, indented so that it stands out."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-_TAIL:])
