"""The ledger: every request of the workload with its Idempotency-Key, all its responses and its outcome."""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import requests

from dev.machine.waiting import TimeLimitError, until
from tests.e2e.support.client import Client

NO_RESPONSE = 0  # in place of a status
REPEAT_LIMIT = 60  # seconds until a repeated request must succeed
PATIENT = 0.9  # usual share of the clients that repeat a failed request; the others close the window
TEMPORARY = {NO_RESPONSE, 409, 429, *range(500, 600)}  # a client repeats the request after these


class Outcome(Enum):
    """What the client knows about a request."""

    ACKNOWLEDGED = "2xx"
    REJECTED = "4xx: nothing was done"
    UNKNOWN = "no response, or an error: it may have been done"


@dataclass
class Entry:
    """A request with its repetitions. Times are Unix times."""

    kind: str
    subject: str  # what it is about: the name of a post, the username
    user: str
    text: str = ""
    valid: bool = True  # whether nothing but a fault may make it fail
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: float = field(default_factory=time.time)
    answered: float = 0
    failures: list[tuple[int, str]] = field(default_factory=list)  # status and body of each failed attempt
    outcome: Outcome = Outcome.UNKNOWN
    body: Any = None


@dataclass
class Injected:
    """A fault that the nemesis injected, with its Unix times."""

    kind: str
    target: str
    began: float
    ended: float = 0

    def covers(self, moment: float) -> bool:
        """Return whether it lasted at a time."""
        return self.began <= moment <= self.ended


class Ledger:
    """All entries and faults of a run. Threads share it. `patient` is the share of clients that repeat a request."""

    def __init__(self, seed: int = 0, patient: float = PATIENT) -> None:
        self.entries: list[Entry] = []
        self.faults: list[Injected] = []
        self._patient = patient
        self._random = random.Random(seed)  # noqa: S311 - which requests are given up
        self._lock = threading.Lock()

    def of_kind(self, *kinds: str) -> list[Entry]:
        """Return the entries of these kinds in the order in which they were sent."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def add(self, entry: Entry) -> Entry:
        with self._lock:
            self.entries.append(entry)
        return entry

    @contextmanager
    def injecting(self, kind: str, target: str) -> Iterator[None]:
        """Record a fault that begins now and ends with the block."""
        injected = Injected(kind, target, time.time())
        print(f"  {time.strftime('%X')}  {kind} {target}", flush=True)  # noqa: T201 - progress of `make faults`
        with self._lock:
            self.faults.append(injected)
        try:
            yield
        finally:
            injected.ended = time.time()

    def request(
        self, user: Client, entry: Entry, method: str, path: str, body: Any = None, *, repeat: bool = True
    ) -> Entry:
        """Send a request, and repeat it with its key while it fails for the moment; record what happens."""
        self.add(entry)
        repeat = repeat and self._chooses_to_repeat()

        def settled() -> bool:
            status, text = _attempt(user, entry, method, path, body)
            if status not in range(200, 300):
                entry.failures.append((status, text))
            elif entry.outcome is Outcome.UNKNOWN:
                entry.outcome = Outcome.ACKNOWLEDGED
            if status in TEMPORARY:
                return not repeat
            if status in range(400, 500) and len(entry.failures) == 1:  # the first attempt: nothing is unknown
                entry.outcome = Outcome.REJECTED
            return True

        with suppress(TimeLimitError):
            until(settled, f"{method} {path}", REPEAT_LIMIT)
        entry.answered = time.time()
        return entry

    def _chooses_to_repeat(self) -> bool:
        with self._lock:
            return self._random.random() < self._patient


def _attempt(user: Client, entry: Entry, method: str, path: str, body: Any) -> tuple[int, str]:
    try:
        response = user.request(method, path, json=body, headers={"Idempotency-Key": entry.key})
    except requests.RequestException as error:
        return NO_RESPONSE, repr(error)
    if response.ok and response.content:
        entry.body = response.json()
    return response.status_code, response.text
