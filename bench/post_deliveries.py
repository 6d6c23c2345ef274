"""What became of a post: read where it is stored, and where mails and texts arrive."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import NullPool, create_engine, text

TIMEOUT = 60  # seconds

_PROGRESS = """SELECT (SELECT count(*) FROM inbox WHERE notification_id = n.id),
    (SELECT count(*) FROM deliveries WHERE notification_id = n.id AND channel = 'email' AND due_at IS NULL),
    (SELECT count(*) FROM deliveries WHERE notification_id = n.id AND channel = 'sms' AND due_at IS NULL),
    done, (SELECT count(*) FROM deliveries WHERE notification_id = n.id AND due_at IS NOT NULL)
    FROM notifications n WHERE source = :post"""
_INBOX = "SELECT user_id FROM inbox JOIN notifications n ON n.id = notification_id WHERE source = :post"


@dataclass(frozen=True)
class Progress:
    """Numbers of notified users and settled deliveries, and whether both are complete."""

    inbox: int = 0
    emails: int = 0
    texts: int = 0
    notified: bool = False
    sent: bool = False


class Outcome:
    """Of one post, in a platform with this environment."""

    def __init__(self, environment: Mapping[str, str], post_id: str) -> None:
        self._environment = environment
        self._post = {"post": post_id}
        self._engine = create_engine(environment["NOTIFICATIONS_DB_URI"], poolclass=NullPool)

    def progress(self) -> Progress:
        """Count."""
        with self._engine.connect() as connection:
            row = connection.execute(text(_PROGRESS), self._post).one_or_none()
        return Progress(row[0], row[1], row[2], bool(row[3]), bool(row[3]) and not row[4]) if row else Progress()

    def inbox(self) -> Counter[str]:
        """Return in whose inboxes it is, and how often."""
        with self._engine.connect() as connection:
            return Counter(connection.scalars(text(_INBOX), self._post))

    def emails(self, title: str, domain: str) -> Counter[str]:
        """Return which addresses of a domain got mails with words in the subject, and how many."""
        mails = requests.get(f"{self._environment['BARAZA_MAILBOX']}/messages", timeout=TIMEOUT).json()
        found = (address for mail in mails if title in mail["subject"] for address in mail["to"])
        return Counter(address for address in found if address.endswith(f"@{domain}"))

    def texts(self, title: str, prefix: str) -> Counter[str]:
        """Return which numbers that begin so got texts with words in them, and how many."""
        texts = requests.get(f"{self._environment['BARAZA_SMS']}/messages", timeout=TIMEOUT).json()
        numbers = (one["number"] for one in texts if title in one["text"])
        return Counter(number for number in numbers if number.startswith(prefix))


def memory(pid: int) -> float:
    """Return what a process has in memory now, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024
