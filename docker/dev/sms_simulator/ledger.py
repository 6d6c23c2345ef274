"""Everything the simulator was asked to send, one JSON line per recipient."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from docker.dev.sms_simulator.judging import Verdict

_PRICE = "KES 0.8000"


class Ledger:
    """A file that outlives the process; written and read by several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "messages.jsonl"
        self._lock = Lock()

    def add(self, number: str, verdict: Verdict, text: str, sender: str) -> dict[str, Any]:
        """Write down one recipient; `cost` and `messageId` are what the vendor answers."""
        entry = {
            "number": number,
            "statusCode": verdict.code,
            "status": verdict.status,
            "cost": _PRICE if verdict.accepted else "0",
            "messageId": f"ATXid_{uuid4().hex}" if verdict.accepted else "None",
            "accepted": verdict.accepted,
            "text": text,
            "sender": sender,
            "received": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        with self._lock, self._file.open("a") as file:
            file.write(f"{json.dumps(entry)}\n")
        return entry

    def all(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return all entries, oldest first, or those of one number."""
        with self._lock:
            text = self._file.read_text() if self._file.exists() else ""
        entries = [json.loads(line) for line in text.splitlines()]
        return [entry for entry in entries if to in (None, entry["number"])]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._file.unlink(missing_ok=True)
