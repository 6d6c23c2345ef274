"""Reads what the platform has after a run, for the checker."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from typing import Any

from websockets.protocol import State

from dev.machine.waiting import GiveUpError, TimeLimitError, until
from tests.e2e.support.client import Client
from tests.e2e.support.fakes import mails_to, sms_to
from tests.e2e.support.operator import Operator
from tests.faults.support.checker import Observed, Violation, check
from tests.faults.support.workload import Workload, update

RECOVERY = 30  # seconds; the deliveries of a killed process are taken over after 10
# Seconds; mails that a server rejected or lost twice are attempted again after half a minute. A clock that is ahead by
# 20 seconds brings that attempt forward: if it fails too, the next one is up to 144 seconds later, by that clock.
FAILED_MAILS = 200


def violations(workload: Workload, limit: float | None = None) -> list[Violation]:
    """Wait until no rule is broken; return the violations that remain after `limit` seconds, or that are final."""
    if limit is None:
        mails_failed = any("mail server" in fault.kind for fault in workload.ledger.faults)
        limit = FAILED_MAILS if mails_failed else RECOVERY
    workload.use_ended_sessions()
    found: list[Violation] = []

    def complete() -> None:
        found[:] = check(workload.ledger, observe(workload))
        if final := [violation for violation in found if violation.final]:
            found[:] = final
            raise GiveUpError(final[0].rule)
        assert not found, f"{len(found)} times: {found[0].rule}"

    try:
        until(complete, "every rule to hold", limit)
    except GiveUpError:
        return found
    except TimeLimitError as error:
        return found or [Violation("the state cannot be read", str(error))]
    return []


def observe(workload: Workload) -> Observed:
    """Read posts, inboxes, mails, SMS and websockets of the users of a run."""
    names = _Names([author.user for author in workload.authors])
    items = {user.username: list(_inbox(user)) for user in workload.recipients}
    observed = Observed(
        posts=names.pairs(_posts(workload)),
        inboxes={username: names.pairs(item["message"] for item in own) for username, own in items.items()},
        mails={user.username: _mails(workload, user, names) for user in workload.email_users},
    )
    for reader, inbox in workload.inboxes:
        update(inbox)
        observed.resumed[reader.username] = names.pairs(item["message"] for item in inbox.state[0])
    user = workload.sms_user
    texts = [message["text"] for message in sms_to(workload.platform.environment, str(user.account["phone"]))]
    observed.sms[user.username] = [name for name, _ in names.pairs(texts)]
    missing = observed.names - set(observed.sms[user.username])
    observed.unknown_sms[user.username] = set(_unknown(user, missing, items[user.username], names))
    for session in workload.sessions:
        ended = [session.websockets[token] for token in session.ended if token in session.websockets]
        open_ = [one for one in ended if one.state is State.OPEN]
        observed.open_sockets += [session.user.username] * len(open_)
    return observed


class _Names:
    """Finds the posts of some authors in texts that may contain others."""

    def __init__(self, authors: list[Client]) -> None:
        self._pattern = re.compile(rf"(?:{'|'.join(author.username for author in authors)}) \d+")

    def pairs(self, texts: Iterable[str]) -> list[tuple[str, str]]:
        """Return name and text of each post."""
        return [(match[0], text) for text in texts if (match := self._pattern.search(text))]


def _posts(workload: Workload) -> Iterator[str]:
    """Yield the texts that feeds has stored; responses of the gateway may come from its cache."""
    with Operator(workload.platform.environment) as operator:
        for author in workload.authors:
            cursor: dict[str, str] = {}
            while True:
                page = operator("feeds.all", author=author.user.id, limit=100, **cursor)
                yield from (post["text"] for post in page["items"])
                if page["next"] is None:
                    break
                cursor = {"cursor": page["next"]}


def _inbox(user: Client) -> Iterator[dict[str, Any]]:
    page = user.inbox(limit=100)
    yield from page["items"]
    while page["next"]:
        page = user.inbox(limit=100, cursor=page["next"])
        yield from page["items"]


def _mails(workload: Workload, user: Client, names: _Names) -> list[tuple[str, str, float]]:
    """Return name, Message-ID and Unix time of each mail."""
    found = []
    for mail in mails_to(workload.platform.environment, user.email):
        message_id, text = _read_mail(workload.platform.directory / "mailbox" / f"{mail['id']}.eml")
        at = datetime.fromisoformat(mail["received"]).timestamp()
        found += [(name, message_id, at) for name, _ in names.pairs([text])]
    return found


@cache
def _read_mail(file: Path) -> tuple[str, str]:
    message: Any = message_from_bytes(file.read_bytes(), policy=policy.default)
    return message["Message-ID"], message.get_body(("plain",)).get_content()


def _unknown(user: Client, missing: set[str], items: list[dict[str, Any]], names: _Names) -> Iterator[str]:
    """Yield those of the missing posts whose delivery has the status unknown."""
    for item in items:
        for name in {name for name, _ in names.pairs([item["message"]])} & missing:
            detail = user.get(f"/notifications/detail/{item['id']}/").json()
            if "unknown" in {delivery["status"] for delivery in detail["deliveries"]}:
                yield name
