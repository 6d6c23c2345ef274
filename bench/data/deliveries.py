"""The inbox rows, mails and SMS of one post."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

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
    """Numbers of inbox rows and of finished deliveries by channel, and whether each is complete."""

    inbox: int = 0
    emails: int = 0
    sms: int = 0
    notified: bool = False
    sent: bool = False


class PostDeliveries:
    """The deliveries of a post in the platform with this environment."""

    def __init__(self, environment: Mapping[str, str], post_id: str) -> None:
        self._environment = environment
        self._post = {"post": post_id}
        self._engine = create_engine(environment["NOTIFICATIONS_DB_URI"], poolclass=NullPool)

    def progress(self) -> Progress:
        """Count inbox rows and deliveries in the database of notifications."""
        with self._engine.connect() as connection:
            row = connection.execute(text(_PROGRESS), self._post).one_or_none()
        return Progress(row[0], row[1], row[2], bool(row[3]), bool(row[3]) and not row[4]) if row else Progress()

    def inbox(self) -> Counter[str]:
        """Return how often the post is in the inbox of each user, by user id."""
        with self._engine.connect() as connection:
            return Counter(connection.scalars(text(_INBOX), self._post))

    def emails(self, title: str, domain: str) -> Counter[str]:
        """Return the number of mails with this title in the subject, by address in this domain."""
        mails = requests.get(f"{self._environment['BARAZA_MAILBOX']}/messages", timeout=TIMEOUT).json()
        addresses = (address for mail in mails if title in mail["subject"] for address in mail["to"])
        return Counter(address for address in addresses if address.endswith(f"@{domain}"))

    def sms(self, title: str, prefix: str) -> Counter[str]:
        """Return the number of SMS with this title in the text, by phone number with this prefix."""
        messages = requests.get(f"{self._environment['BARAZA_SMS']}/messages", timeout=TIMEOUT).json()
        numbers = (message["number"] for message in messages if title in message["text"])
        return Counter(number for number in numbers if number.startswith(prefix))
