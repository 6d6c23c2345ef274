"""The rules that a run must keep, whatever faults were injected. Each rule compares the ledger with what was observed.

A violation that waiting cannot heal is `final`; any other one counts when the time to recover is over.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults.support.ledger import NO_RESPONSE, Ledger, Outcome

OPT_OUT_TOLERANCE = 1  # seconds; a mail may be on its way at the moment of the answer
REVOCATION_LIMIT = 60  # seconds that a revoked session may live if users cannot reach Redis
MESSAGE_LENGTH = 200  # characters of a post in its notification
UNAVAILABLE = {503, 504}
BROKEN_CONNECTION = {NO_RESPONSE, 409, 502}  # while a gateway is killed; 409: its idempotency key is still in use
ENTRANCES = ("gateway.app", "haproxy")
SENDERS = "notifications.deliveries"


class Violation(NamedTuple):
    """A broken rule."""

    rule: str
    detail: str
    final: bool = False


@dataclass
class Observed:
    """The state of the platform at the end. A post is named by its author and number, with which its text begins."""

    posts: list[tuple[str, str]] = field(default_factory=list)  # name and text of every stored post of the run
    inboxes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # by username: name and message
    resumed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # the same, as clients have it from frames
    mails: dict[str, list[tuple[str, str, float]]] = field(default_factory=dict)  # name, Message-ID, Unix time
    sms: dict[str, list[str]] = field(default_factory=dict)  # names
    unknown_sms: dict[str, set[str]] = field(default_factory=dict)  # names whose delivery has the status unknown
    open_sockets: list[str] = field(default_factory=list)  # usernames whose session ended

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.posts}


def check(ledger: Ledger, observed: Observed) -> list[Violation]:
    """Return all violations."""
    return [violation for rule in RULES for violation in rule(ledger, observed)]


def acknowledged_posts_are_stored_once(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    stored = Counter(name for name, _ in observed.posts)
    for post in ledger.of_kind("post"):
        count = stored[post.subject]
        if post.outcome is Outcome.ACKNOWLEDGED and count == 0:
            yield Violation("acknowledged post is lost", post.subject, final=True)
        if post.outcome is Outcome.REJECTED and count:
            yield Violation("rejected post is stored", post.subject, final=True)
        if count > 1:
            yield Violation("post is stored more than once", f"{post.subject}: {count} times", final=True)


def updates_are_kept(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    """The stored text is that of the last acknowledged write, or of a later one whose outcome is unknown."""
    possible: dict[str, set[str]] = {}
    for entry in ledger.of_kind("post", "update"):
        if entry.outcome is Outcome.ACKNOWLEDGED:
            possible[entry.subject] = {entry.text}
        elif entry.outcome is Outcome.UNKNOWN:
            possible.setdefault(entry.subject, set()).add(entry.text)
    for name, text in observed.posts:
        if text not in possible.get(name, set()):
            yield Violation("acknowledged update is lost", f"{name} has the text {text!r}", final=True)


def every_inbox_has_every_post_once(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    del ledger
    yield from _compare(observed, observed.inboxes, "the inbox")


def resumed_clients_saw_everything(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    del ledger
    yield from _compare(observed, observed.resumed, "the client that resumes")


def _compare(observed: Observed, found: dict[str, list[tuple[str, str]]], where: str) -> Iterator[Violation]:
    """Compare what users have with the stored posts; authors are not notified of their own ones."""
    expected = {name: text[:MESSAGE_LENGTH] for name, text in observed.posts}
    for username, items in found.items():
        counts = Counter(name for name, _ in items)
        for name in expected.keys() - counts.keys():
            if not name.startswith(f"{username} "):
                yield Violation(f"post is missing in {where}", f"{name}, {username}")
        for name, count in counts.items():
            if count > 1:
                yield Violation(f"post is more than once in {where}", f"{name}, {username}: {count}", final=True)
            if name not in expected:
                yield Violation(f"post that is not stored is in {where}", f"{name}, {username}")
        for name, message in items:
            if expected.get(name, message) != message:
                yield Violation(f"post has an old text in {where}", f"{name}, {username}: {message!r}")


def mails_are_sent_at_least_once(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    """A mail that is sent again has the same Message-ID. Users who switched mails off may lack some."""
    opted_out = {entry.user for entry in ledger.of_kind("opt out")}
    for username, mails in observed.mails.items():
        message_ids = {name: {other for same, other, _ in mails if same == name} for name, _, _ in mails}
        for name, different in message_ids.items():
            if len(different) > 1:
                yield Violation("post is in two mails", f"{name}, {username}: {different}", final=True)
        if username not in opted_out:
            for name in observed.names - message_ids.keys():
                yield Violation("mail is missing", f"{name}, {username}")


def no_mail_follows_an_opt_out(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    """A mail is on its way for longer if its sender is paused."""
    for entry in ledger.of_kind("opt out"):
        if entry.outcome is Outcome.ACKNOWLEDGED:
            pauses = [fault for fault in ledger.faults if fault.kind == "pause" and fault.target.startswith(SENDERS)]
            arrived = max([entry.answered, *(fault.ended for fault in pauses if fault.covers(entry.answered))])
            for name, _, at in observed.mails.get(entry.user, ()):
                if at > arrived + OPT_OUT_TOLERANCE:
                    late = f"{at - entry.answered:.1f} s after the answer"
                    yield Violation("mail after an opt-out", f"{name}, {entry.user}: {late}", final=True)


def no_sms_is_sent_twice(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    del ledger
    for username, names in observed.sms.items():
        counts = Counter(names)
        for name, count in counts.items():
            if count > 1:
                yield Violation("SMS is sent twice", f"{name}, {username}: {count} times", final=True)
        for name in observed.names - counts.keys() - observed.unknown_sms.get(username, set()):
            yield Violation("SMS is missing", f"{name}, {username}")


def ended_sessions_stay_ended(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    """A use of the token that begins after the logout was answered is rejected."""
    redis_failed = any(fault.target == "redis" for fault in ledger.faults)
    limit = REVOCATION_LIMIT if redis_failed else 0
    ended = {
        entry.subject: entry.answered for entry in ledger.of_kind("logout") if entry.outcome is Outcome.ACKNOWLEDGED
    }
    for use in ledger.of_kind("use after logout"):
        late = use.sent - ended.get(use.subject, use.sent)
        if use.outcome is Outcome.ACKNOWLEDGED and late > limit:
            yield Violation("ended session is accepted", f"{use.user}: {late:.1f} s after the logout", final=True)
    for username in observed.open_sockets:
        yield Violation("websocket of an ended session is open", username)


def valid_requests_fail_only_temporarily(ledger: Ledger, observed: Observed) -> Iterator[Violation]:
    """A fault may make a request fail for the moment, and only a broken entrance may break a connection."""
    del observed
    at_entrance = any(fault.target.startswith(ENTRANCES) for fault in ledger.faults)
    allowed = UNAVAILABLE | (BROKEN_CONNECTION if at_entrance else set())
    for entry in ledger.entries:
        for status, body in entry.failures if entry.valid else ():
            if status not in allowed:
                detail = f"{entry.kind} of {entry.subject}: {status} {body[:200]}"
                yield Violation("valid request is rejected", detail, final=True)


Rule = Callable[[Ledger, Observed], Iterable[Violation]]
RULES: tuple[Rule, ...] = (
    acknowledged_posts_are_stored_once,
    updates_are_kept,
    every_inbox_has_every_post_once,
    resumed_clients_saw_everything,
    mails_are_sent_at_least_once,
    no_mail_follows_an_opt_out,
    no_sms_is_sent_twice,
    ended_sessions_stay_ended,
    valid_requests_fail_only_temporarily,
)
