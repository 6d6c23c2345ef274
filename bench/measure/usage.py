"""CPU time and memory of the platform's programs, each with all its processes."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple, Self

import psutil

from dev.platform.control import ERRORS, Control

OURS = "applications"  # the group of our programs; the others are servers
SERVERS = ("rabbitmq", "postgresql", "redis")
_INTERVAL = 1  # seconds between samples


class Sample(NamedTuple):
    """A program at a moment: its first process, the CPU seconds of all so far, and their resident memory in MB."""

    root: tuple[int, float]  # process id and start time
    cpu: float
    memory: float


class Totals:
    """Sums up samples: CPU seconds since the first one, and the largest memory, by program.

    A program that was restarted starts from zero. What its first process used after its last sample is not counted.
    """

    def __init__(self) -> None:
        self.memory: defaultdict[str, float] = defaultdict(float)
        self._first: dict[str, float] = {}
        self._before: defaultdict[str, float] = defaultdict(float)
        self._last: dict[str, Sample] = {}

    def add(self, samples: Mapping[str, Sample]) -> None:
        """Add a sample of each program that runs."""
        for name, sample in samples.items():
            last = self._last.get(name)
            if last and last.root != sample.root:
                self._before[name] += last.cpu
            self._first.setdefault(name, sample.cpu)
            self._last[name] = sample
            self.memory[name] = max(self.memory[name], sample.memory)

    @property
    def cpu(self) -> dict[str, float]:
        """CPU seconds by program."""
        return {name: self._before[name] + last.cpu - self._first[name] for name, last in self._last.items()}


class Usage:
    """Measures the programs of an instance during a block."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._totals = Totals()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Self:
        self._totals.add(sample(self._control))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._totals.add(sample(self._control))

    @property
    def cpu(self) -> dict[str, float]:
        """CPU seconds by program: ours, RabbitMQ, PostgreSQL and Redis."""
        return self._totals.cpu

    @property
    def memory(self) -> dict[str, float]:
        """The largest resident memory in MB by program."""
        return dict(self._totals.memory)

    def _follow(self) -> None:
        while not self._ended.wait(_INTERVAL):
            with suppress(*ERRORS):
                self._totals.add(sample(self._control))


def sample(control: Control) -> dict[str, Sample]:
    """Return a sample of each program that runs."""
    samples = {}
    for status in control.statuses():
        if status.pid and (status.group == OURS or status.name in SERVERS):
            with suppress(psutil.NoSuchProcess):
                root = psutil.Process(status.pid)
                processes = [root, *root.children(recursive=True)]
                samples[status.name] = Sample((root.pid, root.create_time()), _cpu(processes), _memory(processes))
    return samples


def _cpu(processes: Iterable[psutil.Process]) -> float:
    """Return CPU seconds of processes and of their ended children."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])  # user and system, the same of ended children
    return total


def _memory(processes: Iterable[psutil.Process]) -> float:
    """Return the sum of resident memory in MB. Pages that processes share count in each of them."""
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total / 2**20
