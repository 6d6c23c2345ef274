"""Inserts thousands of users into the database of users; registering them over HTTP would take an hour."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from chassis import clock
from chassis.ids import new_id

EMAIL_DOMAIN = "masses.example.org"  # of these users only
PHONE_PREFIX = "+25470"  # of these users only
DAY = timedelta(days=1)

_USERS = """INSERT INTO users (id, username, username_key, email, email_key, phone, notify_by, password_hash,
    password_changed_at, is_active, deactivated_at, is_staff, created_at) VALUES %s"""
_SESSIONS = "INSERT INTO sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at, revoked_at) VALUES %s"
_ACTIVE = """SELECT DISTINCT users.id FROM users JOIN sessions ON user_id = users.id
    WHERE is_active AND sessions.created_at <= %(time)s AND expires_at > %(time)s
    AND (revoked_at IS NULL OR revoked_at > %(time)s)"""


@dataclass
class Inserted:
    """The ids of the inserted users, and of the active ones ids, and addresses and numbers to be notified at."""

    ids: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)


class UsersDatabase:
    """A connection to the database of users."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._connection = psycopg2.connect(
            host=environment["POSTGRES_HOST"],
            port=environment["POSTGRES_PORT"],
            user=environment["POSTGRES_USER"],
            password=environment["POSTGRES_PASSWORD"],
            dbname=environment["POSTGRES_DB"],
        )

    def insert(self, active: int, inactive: int, *, emails: int, phones: int) -> Inserted:
        """Insert users. All choose realtime; the inactive and the first `emails` of the active choose e-mail too.

        The same goes for `phones` and SMS. A quarter each of the inactive is deactivated, logged out, has an expired
        session, or has never logged in.
        """
        users = [_User(number, active, emails, phones) for number in range(active + inactive)]
        with self._connection, self._connection.cursor() as cursor:
            execute_values(cursor, _USERS, [user.account for user in users], page_size=1000)
            sessions = [session for user in users for session in user.sessions]
            execute_values(cursor, _SESSIONS, sessions, page_size=1000)
            cursor.execute("ANALYZE users, sessions")
        inserted = Inserted()
        for user in users:
            inserted.ids.add(user.id)
            if user.active:
                inserted.active.add(user.id)
                inserted.emails |= {user.email} if "email" in user.notify_by else set()
                inserted.phones |= {user.phone} if "sms" in user.notify_by else set()
        return inserted

    def active(self, time: datetime | str) -> set[str]:
        """Return the ids of all users that are active at a time, inserted here or not."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_ACTIVE, {"time": time})
            return {row[0] for row in cursor.fetchall()}

    def delete(self, inserted: Inserted) -> None:
        """Delete inserted users and their sessions."""
        with self._connection, self._connection.cursor() as cursor:
            for table, column in (("sessions", "user_id"), ("users", "id")):
                cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", (list(inserted.ids),))  # noqa: S608 - ours

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def users_database(environment: Mapping[str, str]) -> Iterator[UsersDatabase]:
    """Connect to the database of users in the platform with this environment."""
    with closing(UsersDatabase(environment)) as database:
        yield database


class _User:
    """The rows of a user; the last four digits of the phone number select the reply of the SMS simulator."""

    def __init__(self, number: int, active: int, emails: int, phones: int) -> None:
        self.id = new_id()
        self.active = number < active
        self.username = f"m_{self.id.replace('-', '')[8:]}"
        self.email = f"{self.username}@{EMAIL_DOMAIN}"
        self.phone = f"{PHONE_PREFIX}{number // 1000:03d}{7000 + number % 1000}"
        limits = {"email": emails, "sms": phones}
        chosen = [channel for channel, limit in limits.items() if number < limit or not self.active]
        self.notify_by = ["realtime", *chosen]
        self._inactive = None if self.active else ("deactivated", "logged out", "expired", "no session")[number % 4]

    @property
    def account(self) -> tuple[Any, ...]:
        yesterday = clock.now() - DAY
        is_active, deactivated_at = (False, yesterday) if self._inactive == "deactivated" else (True, None)
        names = (self.username, self.username, self.email, self.email, self.phone, json.dumps(self.notify_by))
        return (self.id, *names, "no valid hash", yesterday, is_active, deactivated_at, False, yesterday)

    @property
    def sessions(self) -> Iterable[tuple[Any, ...]]:
        if self._inactive == "no session":
            return []
        created, now = clock.now() - DAY, clock.now()
        expires = created + DAY / 2 if self._inactive == "expired" else now + DAY
        revoked = created + DAY / 2 if self._inactive in {"deactivated", "logged out"} else None
        token_hash = sha256(self.id.encode()).hexdigest()
        return [(new_id(), self.id, token_hash, created, created, expires, revoked)]
