"""Messages as `.eml` files, named so that they sort by arrival."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any, cast


class Store:
    """A folder of messages. It is all the state there is, so they outlive the mailbox's process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._summaries: dict[str, dict[str, Any]] = {}  # by file; each is read once
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> None:
        """Keep a message with its envelope on top, as a mail server does at delivery; it appears as a whole."""
        envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {address}" for address in recipients)]
        name = f"{time.time_ns():020d}-{next(self._numbers):06d}"
        new = self._folder / f"{name}.new"
        new.write_bytes("".join(f"{line}\r\n" for line in envelope).encode() + content)
        new.rename(self._folder / f"{name}.eml")

    def all(self, to: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield id, envelope, subject and time of each message, oldest first; `to` keeps one recipient's."""
        for file in sorted(self._folder.glob("*.eml")):
            if file.name not in self._summaries:
                self._summaries[file.name] = _summary(file, self._read(file, headers_only=True))
            summary = self._summaries[file.name]
            if to is None or to in summary["to"]:
                yield summary

    def one(self, name: str) -> dict[str, Any] | None:
        """Return a message with its headers and its text and HTML bodies."""
        file = self._folder / f"{name}.eml"
        if not file.exists():
            return None
        message = self._read(file)
        bodies = {kind: _body(message, kind) for kind in ("plain", "html")}
        headers = [[key, str(value)] for key, value in message.items()]
        return {**_summary(file, message), "headers": headers, "text": bodies["plain"], "html": bodies["html"]}

    def clear(self) -> None:
        """Forget every message."""
        for file in self._folder.glob("*.eml"):
            file.unlink(missing_ok=True)
        self._summaries.clear()

    def _read(self, file: Path, *, headers_only: bool = False) -> EmailMessage:
        return BytesParser(policy=policy.default).parsebytes(file.read_bytes(), headersonly=headers_only)


def _summary(file: Path, message: EmailMessage) -> dict[str, Any]:
    received = datetime.fromtimestamp(int(file.stem.partition("-")[0]) / 1e9, UTC)
    return {
        "id": file.stem,
        "from": str(message["Return-Path"]).strip("<>"),
        "to": [str(address) for address in message.get_all("Delivered-To", [])],
        "subject": str(message["Subject"] or ""),
        "received": received.isoformat().replace("+00:00", "Z"),
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return cast("str", part.get_content()) if part else None
