"""Compare the working tree with an earlier revision: `python -m bench.compare <revision> [name,name]`.

Both run in turn, three times each, so that what else the machine does meets both. The scenarios are those of the
working tree in both.
"""

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.measure.measurement import Measurement
from bench.report import results
from dev.machine.files import INSTANCES, ROOT

TURNS = 3
_HEAD = ("", "CPU", "per s", "p50", "p99", "MB")
_FIGURES: tuple[Callable[[Measurement], float], ...] = (
    lambda one: one.total,
    lambda one: one.rate,
    lambda one: one.latency.p50 if one.latency else 0,
    lambda one: one.latency.p99 if one.latency else 0,
    lambda one: one.megabytes,
)

Results = Mapping[str, Measurement]  # by name


def main(revision: str = "", only: str = "") -> int:
    """Return the exit code."""
    if not revision:
        print("usage: make bench-compare BASE=<revision> only=mix,login", file=sys.stderr)
        return 2
    pairs = []
    try:
        with suppress(KeyboardInterrupt), _tree(revision) as base:
            for turn in range(TURNS):
                print(f"\n=== {turn + 1} of {TURNS}: {revision}, then the working tree", flush=True)
                pairs.append((_run(base, only), _run(ROOT, only)))
    except subprocess.CalledProcessError as error:
        return error.returncode  # the command has printed the reason
    print(f"\nthe working tree divided by {revision}: median (smallest to largest of {len(pairs)})\n")
    print(*lines(pairs), sep="\n")
    return 0


def lines(pairs: Sequence[tuple[Results, Results]]) -> Iterator[str]:
    """Yield the head and a row for each measurement that all runs have."""
    yield _line(_HEAD)
    names = (
        [name for name in pairs[0][1] if all(name in base and name in head for base, head in pairs)] if pairs else []
    )
    for name in names:
        yield _line(
            [name, *(spread([_ratio(figure(b[name]), figure(h[name])) for b, h in pairs]) for figure in _FIGURES)]
        )


def spread(ratios: Sequence[float | None]) -> str:
    """Return the median of ratios with the smallest and the largest; empty if one is missing."""
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios):
        return ""
    return f"{statistics.median(known):.2f} ({min(known):.2f}-{max(known):.2f})"


def _ratio(base: float, head: float) -> float | None:
    return head / base if base else None


def _line(cells: Sequence[str]) -> str:
    return cells[0].ljust(44) + "".join(cell.rjust(20) for cell in cells[1:])


def _run(tree: Path, only: str) -> Results:
    """Run the scenarios in a tree."""
    file = INSTANCES / "bench-results" / f"compare-{'head' if tree == ROOT else 'base'}.json"
    environment = {**os.environ, "RESULTS": str(file)}
    subprocess.run([tree / ".venv/bin/python", "-m", "bench", only], cwd=tree, env=environment, check=True)  # noqa: S603 - our own
    return {measurement.name: measurement for measurement in results.read(file)}


@contextmanager
def _tree(revision: str) -> Iterator[Path]:
    """Check a revision out, with the scenarios of the working tree."""
    tree = INSTANCES / "bench-base"
    _git("worktree", "add", "--force", "--detach", str(tree), revision)
    try:
        shutil.rmtree(tree / "bench", ignore_errors=True)
        shutil.copytree(ROOT / "bench", tree / "bench", ignore=shutil.ignore_patterns("__pycache__"))
        if (tree / "requirements.lock").read_bytes() == (ROOT / "requirements.lock").read_bytes():
            (tree / ".venv").symlink_to(ROOT / ".venv")
        else:
            subprocess.run([tree / "dev/bootstrap.sh", "prepare", "servers"], check=True)  # noqa: S603 - our own
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607 - our own


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
