"""Inserts thousands of users into the database of users; registering them over HTTP would take an hour."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

import psycopg2

from chassis import clock
from chassis.ids import new_id

EMAIL_DOMAIN = "masses.example.org"  # of these users only
PHONE_PREFIX = "+25470"  # of these users only
DAY = timedelta(days=1)

_USERS = """users (id, username, username_key, email, email_key, phone, notify_by, password_hash,
    password_changed_at, is_active, deactivated_at, is_staff, created_at{})"""
_VERIFIED = ", email_verified_at, phone_verified_at"  # which 0.1.0 does not have
_SESSIONS = "sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at, revoked_at)"
_NULL = "\\N"  # in COPY
_CHUNK = 10_000  # rows in memory
_ACTIVE = """SELECT DISTINCT users.id FROM users JOIN sessions ON user_id = users.id
    WHERE is_active AND sessions.created_at <= %(time)s AND expires_at > %(time)s
    AND (revoked_at IS NULL OR revoked_at > %(time)s)"""


@dataclass
class Inserted:
    """The ids of the inserted users; of the active ones also names, and addresses and numbers to be notified at."""

    ids: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    usernames: list[str] = field(default_factory=list)  # of the active
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)

    @property
    def tokens(self) -> list[str]:
        """The tokens of the active users, in the order of their ids."""
        return [token_of(user_id) for user_id in sorted(self.active)]

    def add(self, user: "_User") -> None:
        """Add an inserted user."""
        self.ids.add(user.id)
        if user.active:
            self.active.add(user.id)
            self.usernames.append(user.username)
            self.emails |= {user.email} if "email" in user.notify_by else set()
            self.phones |= {user.phone} if user.phone else set()


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

    def insert(self, active: int, inactive: int, *, emails: int, phones: int, hashed: str = "") -> Inserted:
        """Insert users. All choose realtime; the inactive and the first `emails` of the active choose e-mail too.

        The same goes for `phones` and SMS. A quarter each of the inactive is deactivated, logged out, has an expired
        session, or has never logged in. The sessions of the active begin now. Only those who choose SMS have a number.
        All addresses are verified. `hashed` is the hash of everyone's password.
        """
        inserted, numbers = Inserted(), iter(range(active + inactive))
        with self._connection, self._connection.cursor() as cursor:
            verified = _has_verified(cursor)
            table = _USERS.format(_VERIFIED if verified else "")
            while chunk := [_User(number, active, emails, phones) for number in islice(numbers, _CHUNK)]:
                _copy(cursor, table, (user.account(hashed, verified=verified) for user in chunk))
                _copy(cursor, _SESSIONS, (session for user in chunk for session in user.sessions))
                for user in chunk:
                    inserted.add(user)
            cursor.execute("ANALYZE users, sessions")
        return inserted

    def password_hash(self, username: str) -> str:
        """Return the hash of a user's password."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("SELECT password_hash FROM users WHERE username = %s", (username,))
            return str((cursor.fetchone() or [""])[0])

    def change(self, usernames: Sequence[str], assignments: str) -> None:
        """Change users by the assignments of an UPDATE."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(f"UPDATE users SET {assignments} WHERE username = ANY(%s)", (list(usernames),))  # noqa: S608 - ours

    def end_sessions(self) -> None:
        """Delete all sessions, so that no user is active."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("DELETE FROM sessions")

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


def token_of(user_id: str) -> str:
    """Return the session's token of an inserted user."""
    return f"{user_id}_baraza"  # 43 characters, as tokens have


def _has_verified(cursor: psycopg2.extensions.cursor) -> bool:
    """Return whether the table of accounts has the columns for verified addresses."""
    cursor.execute(
        "SELECT FROM information_schema.columns WHERE (table_name, column_name) = ('users', 'email_verified_at')"
    )
    return cursor.rowcount > 0


def _copy(cursor: psycopg2.extensions.cursor, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows into a table with columns; no value has a tab or a backslash."""
    lines = ("\t".join(_NULL if value is None else str(value) for value in row) for row in rows)
    cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("".join(f"{line}\n" for line in lines)))


class _User:
    """The rows of a user; the last four digits of the phone number select the reply of the SMS simulator."""

    def __init__(self, number: int, active: int, emails: int, phones: int) -> None:
        self.id = new_id()
        self.active = number < active
        self.username = f"m_{self.id.replace('-', '')[8:]}"
        self.email = f"{self.username}@{EMAIL_DOMAIN}"
        self.notify_by = ["realtime"]
        self.notify_by += ["email"] if number < emails or (emails and not self.active) else []
        self.notify_by += ["sms"] if number < phones or (phones and not self.active) else []
        self.phone = f"{PHONE_PREFIX}{number // 1000:03d}{7000 + number % 1000}" if "sms" in self.notify_by else None
        self._inactive = None if self.active else ("deactivated", "logged out", "expired", "no session")[number % 4]

    def account(self, hashed: str, *, verified: bool) -> tuple[Any, ...]:
        """Return the row of the account; `verified`: with the times since which the addresses are."""
        yesterday = clock.now() - DAY
        is_active, deactivated_at = (False, yesterday) if self._inactive == "deactivated" else (True, None)
        names = (self.username, self.username, self.email, self.email, self.phone, json.dumps(self.notify_by))
        times = (yesterday, self.phone and yesterday) if verified else ()
        return (self.id, *names, hashed, yesterday, is_active, deactivated_at, False, yesterday, *times)

    @property
    def sessions(self) -> Iterable[tuple[Any, ...]]:
        """The rows of the sessions."""
        if self._inactive == "no session":
            return []
        now = clock.now()
        created = now if self.active else now - DAY
        expires = created + DAY / 2 if self._inactive == "expired" else now + DAY
        revoked = created + DAY / 2 if self._inactive in {"deactivated", "logged out"} else None
        token_hash = sha256(token_of(self.id).encode()).hexdigest()
        return [(new_id(), self.id, token_hash, created, created, expires, revoked)]
