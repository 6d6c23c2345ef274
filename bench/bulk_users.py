"""Thousands of people, straight into the database of users: to register them one by one would take an hour."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from chassis import clock
from chassis.ids import new_id

DOMAIN = "masses.example.org"  # of their addresses, and
PREFIX = "+25470"  # of their phone numbers; no other user has it
DAY = timedelta(days=1)

_USERS = """INSERT INTO users (id, username, username_key, email, email_key, phone, notify_by, password_hash,
    password_changed_at, is_active, deactivated_at, is_staff, created_at) VALUES %s"""
_SESSIONS = "INSERT INTO sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at, revoked_at) VALUES %s"
_ACTIVE = """SELECT DISTINCT users.id FROM users JOIN sessions ON user_id = users.id
    WHERE is_active AND sessions.created_at <= %(moment)s AND expires_at > %(moment)s
    AND (revoked_at IS NULL OR revoked_at > %(moment)s)"""


@dataclass
class Loaded:
    """Who was loaded: ids of the active and of all, and where those of the active are reached who want to be."""

    user_ids: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)


class Masses:
    """Holds a connection to the database that the platform's environment names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._connection = psycopg2.connect(
            host=environment["POSTGRES_HOST"],
            port=environment["POSTGRES_PORT"],
            user=environment["POSTGRES_USER"],
            password=environment["POSTGRES_PASSWORD"],
            dbname=environment["POSTGRES_DB"],
        )

    def load(self, active: int, inactive: int, *, emails: int, phones: int) -> Loaded:
        """Add people. So many of the active, and all of the inactive, want e-mail and SMS; all want realtime.

        The inactive are closed, signed out, run out, or have never signed in; a quarter each.
        """
        loaded = Loaded()
        people = [_Person(number, active, emails, phones) for number in range(active + inactive)]
        with self._connection, self._connection.cursor() as cursor:
            execute_values(cursor, _USERS, [person.account for person in people], page_size=1000)
            execute_values(cursor, _SESSIONS, [one for person in people for one in person.sessions], page_size=1000)
            cursor.execute("ANALYZE users, sessions")
        for person in people:
            loaded.user_ids.add(person.id)
            if person.active:
                loaded.active.add(person.id)
                loaded.emails |= {person.email} if "email" in person.notify_by else set()
                loaded.phones |= {person.phone} if "sms" in person.notify_by else set()
        return loaded

    def active(self, moment: datetime | str) -> set[str]:
        """Return the users that are active at a time, loaded or not."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_ACTIVE, {"moment": moment})
            return {row[0] for row in cursor.fetchall()}

    def unload(self, loaded: Loaded) -> None:
        """Remove those who were loaded."""
        with self._connection, self._connection.cursor() as cursor:
            for table, column in (("sessions", "user_id"), ("users", "id")):
                cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", (list(loaded.user_ids),))  # noqa: S608 - ours

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def masses(environment: Mapping[str, str]) -> Iterator[Masses]:
    """Open the connection for a while."""
    opened = Masses(environment)
    try:
        yield opened
    finally:
        opened.close()


class _Person:
    """The rows of a user; the last four digits of the number select the reply of the SMS simulator."""

    def __init__(self, number: int, active: int, emails: int, phones: int) -> None:
        self.id = new_id()
        self.active = number < active
        self.name = f"m_{self.id.replace('-', '')[8:]}"
        self.email = f"{self.name}@{DOMAIN}"
        self.phone = f"{PREFIX}{number // 1000:03d}{7000 + number % 1000}"
        self.notify_by = ["realtime", *self._wanted(number, emails, phones)]
        self._why_not = None if self.active else ("closed", "signed out", "run out", "never signed in")[number % 4]

    @property
    def account(self) -> tuple[Any, ...]:
        then = clock.now() - DAY
        is_open, closed_at = (False, then) if self._why_not == "closed" else (True, None)
        names = (self.name, self.name, self.email, self.email, self.phone, json.dumps(self.notify_by))
        return (self.id, *names, "no password fits", then, is_open, closed_at, False, then)

    @property
    def sessions(self) -> Iterable[tuple[Any, ...]]:
        if self._why_not == "never signed in":
            return []
        began, now = clock.now() - DAY, clock.now()
        expires = began + DAY / 2 if self._why_not == "run out" else now + DAY
        revoked = began + DAY / 2 if self._why_not in {"closed", "signed out"} else None
        token_hash = sha256(self.id.encode()).hexdigest()
        return [(new_id(), self.id, token_hash, began, began, expires, revoked)]

    def _wanted(self, number: int, emails: int, phones: int) -> list[str]:
        limits = {"email": emails, "sms": phones}
        return [channel for channel, limit in limits.items() if number < limit or not self.active]
