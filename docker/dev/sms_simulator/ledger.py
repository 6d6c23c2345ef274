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
        self._reports = folder / "reports.jsonl"
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
        self._append(self._file, entry)
        return entry

    def reported(self, message_id: str, status: str) -> None:
        """Note that the customer took a delivery report."""
        self._append(self._reports, {"messageId": message_id, "report": status})

    def all(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return all entries, oldest first, or those of one number; `report` is the last one that was taken."""
        with self._lock:
            entries, reports = _lines(self._file), _lines(self._reports)
        reported = {line["messageId"]: line["report"] for line in reports}
        shown = (entry | {"report": reported.get(entry["messageId"])} for entry in entries)
        return [entry for entry in shown if to in (None, entry["number"])]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._file.unlink(missing_ok=True)
            self._reports.unlink(missing_ok=True)

    def _append(self, file: Path, line: dict[str, Any]) -> None:
        with self._lock, file.open("a") as stream:
            stream.write(f"{json.dumps(line)}\n")


def _lines(file: Path) -> list[dict[str, Any]]:
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]
