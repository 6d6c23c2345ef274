"""The mails and SMS that the simulated providers accepted, and the deliveries of a platform that are not finished."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import requests
from sqlalchemy import NullPool, create_engine, text

_TIMEOUT = 60  # seconds
_UNFINISHED = text("SELECT count(*) FROM deliveries WHERE due_at IS NOT NULL")
_UNKNOWN = text("SELECT count(*) FROM deliveries WHERE status = 'unknown'")
_NANOSECONDS = 1e9

Times = dict[str, float]  # Unix time of the first copy, by what the pattern found in its text


def mails(folder: Path, pattern: re.Pattern[str]) -> Times:
    """Return when the mailbox in this folder received each mail. The names of its files begin with the time."""
    times: Times = {}
    for file in sorted(folder.glob("*.eml")):
        if found := pattern.search(file.read_text()):
            times.setdefault(found[0], int(file.stem.partition("-")[0]) / _NANOSECONDS)
    return times


def sms(environment: Mapping[str, str], pattern: re.Pattern[str]) -> Times:
    """Return when the SMS simulator received each SMS."""
    times: Times = {}
    for message in requests.get(f"{environment['BARAZA_SMS']}/messages", timeout=_TIMEOUT).json():
        if found := pattern.search(message["text"]):
            times.setdefault(found[0], datetime.fromisoformat(message["received"]).timestamp())
    return times


def clear(environment: Mapping[str, str]) -> None:
    """Delete all mails and SMS."""
    for name in ("BARAZA_MAILBOX", "BARAZA_SMS"):
        requests.delete(f"{environment[name]}/messages", timeout=_TIMEOUT).raise_for_status()


def unfinished_and_unknown(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return how many deliveries are due or being sent, and how many SMS may have been sent."""
    engine = create_engine(environment["NOTIFICATIONS_DB_URI"], poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(_UNFINISHED) or 0), int(connection.scalar(_UNKNOWN) or 0)
