"""Messages as `.eml` files, with names that sort by arrival."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any

_PARSER = BytesParser(policy=policy.default)


class Mails:
    """A folder of messages. There is no other state, so they survive a restart of the mailbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._summaries: dict[str, dict[str, Any]] = {}  # by file; each file is read once

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> None:
        """Store a message atomically, with its envelope in headers, as a mail server does at delivery."""
        envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {address}" for address in recipients)]
        name = f"{time.time_ns():020d}-{next(self._numbers):06d}"
        new = self._folder / f"{name}.new"
        new.write_bytes("".join(f"{line}\r\n" for line in envelope).encode() + content)
        new.rename(self._folder / f"{name}.eml")

    def all(self, to: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield id, envelope, subject and time of each message, oldest first; with `to` those of one recipient."""
        for file in sorted(self._folder.glob("*.eml")):
            if file.name not in self._summaries:
                self._summaries[file.name] = _summary(file, _PARSER.parsebytes(file.read_bytes(), headersonly=True))
            summary = self._summaries[file.name]
            if to is None or to in summary["to"]:
                yield summary

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a message with its headers, text and HTML; None if there is none of this id."""
        file = self._folder / f"{name}.eml"
        if not file.exists():
            return None
        message: Any = _PARSER.parsebytes(file.read_bytes())
        text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
        return _summary(file, message) | {
            "headers": [[key, str(value)] for key, value in message.items()],
            "text": text and text.get_content(),
            "html": html and html.get_content(),
        }

    def newest_text(self, to: str | None = None) -> str | None:
        """Return the text of the newest message, or of the newest to one recipient; None if there is none."""
        found = [*self.all(to)]
        message = self.find(found[-1]["id"]) if found else None
        return str(message["text"] or "") if message else None

    def clear(self) -> None:
        """Delete every message."""
        for file in self._folder.glob("*.eml"):
            file.unlink(missing_ok=True)
        self._summaries.clear()


def _summary(file: Path, message: Any) -> dict[str, Any]:
    received = datetime.fromtimestamp(int(file.stem.partition("-")[0]) / 1e9, UTC)
    return {
        "id": file.stem,
        "from": str(message["Return-Path"]).strip("<>"),
        "to": [str(address) for address in message.get_all("Delivered-To", [])],
        "subject": str(message["Subject"] or ""),
        "received": received.isoformat().replace("+00:00", "Z"),
    }
