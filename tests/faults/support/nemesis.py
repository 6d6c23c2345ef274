"""The nemesis injects a list of faults that a seed determines."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from dev.platform.instance import Instance
from tests.faults.support.fault_kinds import KINDS
from tests.faults.support.ledger import Ledger

SECONDS = (0.5, 6)  # how long a fault lasts
INTERVAL = (0.2, 2.5)  # seconds from the begin of a fault to that of the next one


@dataclass(frozen=True, order=True)
class Fault:
    """A fault that begins `at` seconds after the start of a run."""

    at: float
    kind: str
    target: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind} {self.target} for {self.seconds} s"


def schedule(seed: int, duration: float, kinds: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Return random faults of these kinds, with the targets of each, for `duration` seconds."""
    choose = random.Random(seed)  # noqa: S311 - a test, which must be repeatable
    faults, at = [], 0.0
    while at < duration:
        kind = choose.choice(sorted(kinds))
        seconds = round(choose.uniform(*SECONDS), 1)
        faults.append(Fault(round(at, 1), kind, choose.choice(kinds[kind]), seconds))
        at += choose.uniform(*INTERVAL)
    return faults


def inject(platform: Instance, ledger: Ledger, faults: Sequence[Fault]) -> None:
    """Inject each fault at its time and return after the last one; faults of one target follow one another."""
    started, locks = time.monotonic(), defaultdict[str, threading.Lock](threading.Lock)

    def run(fault: Fault) -> None:
        time.sleep(max(0, started + fault.at - time.monotonic()))
        injected = KINDS[fault.kind](platform, fault.target)
        with locks[fault.target], ledger.injecting(fault.kind, fault.target), injected:
            time.sleep(fault.seconds)

    with ThreadPoolExecutor(max(1, len(faults))) as pool:
        list(pool.map(run, faults))


def shortest(faults: Sequence[Fault], fails: Callable[[Sequence[Fault]], bool]) -> list[Fault]:
    """Return a shorter list that still fails: leave out halves, then quarters, then single faults (delta debugging)."""
    kept, size = list(faults), max(1, len(faults) // 2)
    while size:
        start = 0
        while start < len(kept):
            shorter = kept[:start] + kept[start + size :]
            if shorter and fails(shorter):
                kept = shorter
            else:
                start += size
        size //= 2
    return kept


def as_python(faults: Sequence[Fault]) -> list[dict[str, object]]:
    """Return the faults as FAULTS takes them."""
    return [asdict(fault) for fault in faults]
