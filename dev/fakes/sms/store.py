"""The received SMS, one line of JSON for each recipient."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from dev.fakes.sms.rules import STATUSES


class Texts:
    """Two files in a folder, which survive a restart of the simulator. Threads share it."""

    def __init__(self, folder: Path) -> None:
        self._texts, self._reports = folder / "messages.jsonl", folder / "reports.jsonl"
        self._lock = Lock()

    def add(self, number: str, code: int, text: str, sender: str) -> dict[str, Any]:
        """Store an SMS and return it; `cost` and `messageId` are as in the vendor's response."""
        accepted = code < 200  # noqa: PLR2004 - see STATUSES
        message = {
            "number": number,
            "statusCode": code,
            "status": STATUSES[code],
            "cost": "KES 0.8000" if accepted else "0",
            "messageId": f"ATXid_{uuid4().hex}" if accepted else "None",
            "accepted": accepted,
            "text": text,
            "sender": sender,
            "received": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        self._append(self._texts, message)
        return message

    def add_report(self, message_id: str, status: str) -> None:
        """Store that the customer has accepted a delivery report."""
        self._append(self._reports, {"messageId": message_id, "report": status})

    def all(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return all SMS, or those to one number; `report` is the last accepted delivery report."""
        with self._lock:
            texts, reports = (
                [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
                for file in (self._texts, self._reports)
            )
        reported = {line["messageId"]: line["report"] for line in reports}
        return [one | {"report": reported.get(one["messageId"])} for one in texts if to in (None, one["number"])]

    def newest_text(self, to: str | None = None) -> str | None:
        """Return the newest SMS, or the newest to one number; None if there is none."""
        texts = self.all(to)
        return f"{texts[-1]['text']}\n" if texts else None

    def clear(self) -> None:
        """Delete everything."""
        with self._lock:
            self._texts.unlink(missing_ok=True)
            self._reports.unlink(missing_ok=True)

    def _append(self, file: Path, line: dict[str, Any]) -> None:
        with self._lock, file.open("a") as stream:
            stream.write(f"{json.dumps(line)}\n")
