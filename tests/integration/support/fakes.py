"""The stand-ins for vendors, as tests read and script them over HTTP."""

from typing import Any

import requests

TIMEOUT = 5  # seconds


class FakeServer:
    """What the mailbox and the SMS simulator have in common."""

    def __init__(self, url: str) -> None:
        self._url = url
        for path in ("messages", "faults"):
            requests.delete(f"{url}/{path}", timeout=TIMEOUT).raise_for_status()

    def received(self, to: str | None = None) -> list[dict[str, Any]]:
        """Everything that arrived, oldest first, or what one address got."""
        return list(self._get("messages", to=to))

    def read(self, message_id: str) -> dict[str, Any]:
        return dict(self._get(f"messages/{message_id}"))

    def fail(self, **fault: object) -> None:
        requests.post(f"{self._url}/faults", json=fault, timeout=TIMEOUT).raise_for_status()

    def _get(self, path: str, **query: str | None) -> Any:
        return requests.get(f"{self._url}/{path}", query, timeout=TIMEOUT).json()
