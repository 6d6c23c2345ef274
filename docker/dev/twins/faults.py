"""Faults that tests script over HTTP: each happens a number of times, then all is well again.

POST   /faults {"count": 2, ...}   what else it holds is the stand-in's own vocabulary
DELETE /faults                     forget those still due
"""

import json
from threading import Lock
from typing import Any

from docker.dev.twins.http import Reply, Request, Route, as_json

Fault = dict[str, Any]


class Faults:
    """The faults still due, oldest first. Shared by the threads of a stand-in."""

    def __init__(self) -> None:
        self._due: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Let a fault happen `count` times, once if it does not say."""
        with self._lock:
            self._due.append({"count": 1, **fault})

    def take(self, key: str, number_or_address: str = "") -> Any:
        """Return what the first fault due has under `key`, and count it; None if none is due.

        A fault with a `to` happens only to that phone number or address.
        """
        with self._lock:
            for fault in self._due:
                if key in fault and fault.get("to", number_or_address) == number_or_address:
                    fault["count"] -= 1
                    self._due = [each for each in self._due if each["count"] > 0]
                    return fault[key]
        return None

    def clear(self) -> None:
        """Forget all that are due."""
        with self._lock:
            self._due.clear()

    def routes(self) -> tuple[Route, ...]:
        """Return the routes by which tests script faults."""
        return Route("POST", "/faults", self._post), Route("DELETE", "/faults", self._delete)

    def _post(self, request: Request) -> Reply:
        self.add(json.loads(request.body))
        return as_json({"due": len(self._due)}, 201)

    def _delete(self, _request: Request) -> Reply:
        self.clear()
        return Reply(status=204)
