"""The HTTP interface of the fake mail server, SMS gateway and Sentry: tests read messages and set faults."""

from typing import Any

import requests

TIMEOUT = 30  # seconds


class FakeServer:
    """A fake server without messages and faults of earlier tests."""

    def __init__(self, url: str) -> None:
        self._url = url
        for path in ("messages", "faults"):
            requests.delete(f"{url}/{path}", timeout=TIMEOUT).raise_for_status()

    def received(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return all messages, oldest first, or those to one address."""
        return list(self._get("messages", to=to))

    def read(self, message_id: str) -> dict[str, Any]:
        return dict(self._get(f"messages/{message_id}"))

    def fail(self, **fault: object) -> None:
        requests.post(f"{self._url}/faults", json=fault, timeout=TIMEOUT).raise_for_status()

    def _get(self, path: str, **query: str | None) -> Any:
        return requests.get(f"{self._url}/{path}", query, timeout=TIMEOUT).json()
