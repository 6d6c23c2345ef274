"""The checker of tests/faults sees each kind of damage in doctored ledgers and observations."""

from collections.abc import Callable

import pytest

from tests.faults.support.checker import Observed, check
from tests.faults.support.ledger import Entry, Injected, Ledger, Outcome

FIRST, SECOND = "ada 1 version 1", "ada 2 version 1"
Damage = Callable[[Ledger, Observed], object]


@pytest.fixture
def ledger() -> Ledger:
    """Return a ledger with two stored posts, a rejected one, an opt-out and a logout."""
    ledger = Ledger()
    done, rejected = Outcome.ACKNOWLEDGED, Outcome.REJECTED
    ledger.entries = [
        Entry("post", "ada 1", "ada", FIRST, outcome=done),
        Entry("post", "ada 2", "ada", SECOND, outcome=done),
        Entry("post", "ada 3", "ada", "ada 3 too long", valid=False, outcome=rejected, failures=[(422, "")]),
        Entry("opt out", "ben", "ben", answered=1000, outcome=done),
        Entry("logout", "token", "cleo", answered=1000, outcome=done, failures=[(503, "")]),
        Entry("use after logout", "token", "cleo", sent=1001, valid=False, outcome=rejected, failures=[(401, "")]),
    ]
    return ledger


@pytest.fixture
def observed() -> Observed:
    """Return what the platform has if it kept all promises."""
    posts = [("ada 1", FIRST), ("ada 2", SECOND)]
    return Observed(
        posts=posts,
        inboxes={"dina": [*posts], "ada": []},
        resumed={"dina": [*posts]},
        mails={"dina": [("ada 1", "<1>", 900), ("ada 2", "<2>", 2000)], "ben": [("ada 1", "<3>", 900)]},
        sms={"dina": ["ada 1"]},
        unknown_sms={"dina": {"ada 2"}},
    )


def entry(ledger: Ledger, kind: str) -> Entry:
    return ledger.of_kind(kind)[0]


DAMAGES: dict[str, Damage] = {
    "acknowledged post is lost": lambda _, seen: seen.posts.pop(),
    "rejected post is stored": lambda _, seen: seen.posts.append(("ada 3", "ada 3 too long")),
    "post is stored more than once": lambda _, seen: seen.posts.append(("ada 1", FIRST)),
    "acknowledged update is lost": lambda ledger, _: ledger.add(
        Entry("update", "ada 1", "ada", "ada 1 version 2", outcome=Outcome.ACKNOWLEDGED)
    ),
    "post is missing in the inbox": lambda _, seen: seen.inboxes["dina"].pop(),
    "post is more than once in the inbox": lambda _, seen: seen.inboxes["dina"].append(("ada 1", FIRST)),
    "post that is not stored is in the inbox": lambda _, seen: seen.inboxes["dina"].append(("ada 3", "")),
    "post has an old text in the inbox": lambda _, seen: seen.inboxes.update(
        dina=[("ada 1", FIRST), ("ada 2", "ada 2 version 0")]
    ),
    "post is missing in the client that resumes": lambda _, seen: seen.resumed["dina"].pop(0),
    "post is in two mails": lambda _, seen: seen.mails["dina"].append(("ada 1", "<4>", 900)),
    "mail is missing": lambda _, seen: seen.mails["dina"].pop(),
    "mail after an opt-out": lambda _, seen: seen.mails["ben"].append(("ada 2", "<5>", 1004)),
    "SMS is sent twice": lambda _, seen: seen.sms["dina"].append("ada 1"),
    "SMS is missing": lambda _, seen: seen.unknown_sms.clear(),
    "ended session is accepted": lambda ledger, _: setattr(
        entry(ledger, "use after logout"), "outcome", Outcome.ACKNOWLEDGED
    ),
    "websocket of an ended session is open": lambda _, seen: seen.open_sockets.append("cleo"),
    "valid request is rejected": lambda ledger, _: entry(ledger, "post").failures.append((401, "")),
}


def test_run_that_kept_all_promises_has_no_violations(ledger: Ledger, observed: Observed) -> None:
    assert check(ledger, observed) == []


@pytest.mark.parametrize("rule", DAMAGES)
def test_damage_is_a_violation_of_its_rule(ledger: Ledger, observed: Observed, rule: str) -> None:
    DAMAGES[rule](ledger, observed)
    assert rule in {violation.rule for violation in check(ledger, observed)}


def test_post_with_unknown_outcome_may_be_stored_once_or_not_at_all(ledger: Ledger, observed: Observed) -> None:
    ledger.add(Entry("post", "ada 4", "ada", "ada 4 version 1"))
    assert check(ledger, observed) == []
    observed.posts.append(("ada 4", "ada 4 version 1"))
    assert {violation.rule for violation in check(ledger, observed)} == {
        "post is missing in the inbox",
        "post is missing in the client that resumes",
        "mail is missing",
        "SMS is missing",
    }


def test_mail_that_was_sent_again_with_its_message_id_is_allowed(ledger: Ledger, observed: Observed) -> None:
    observed.mails["dina"].append(("ada 1", "<1>", 901))
    assert check(ledger, observed) == []


def test_mail_may_follow_an_opt_out_if_its_sender_was_paused_meanwhile(ledger: Ledger, observed: Observed) -> None:
    observed.mails["ben"].append(("ada 2", "<5>", 1004))
    ledger.faults.append(Injected("pause", "notifications.deliveries-2", began=999, ended=1003.5))
    assert check(ledger, observed) == []
    ledger.faults[0].ended = 1002
    assert {violation.rule for violation in check(ledger, observed)} == {"mail after an opt-out"}


def test_broken_connection_is_allowed_while_a_gateway_is_killed_and_not_otherwise(
    ledger: Ledger, observed: Observed
) -> None:
    entry(ledger, "post").failures.append((0, "ConnectionError"))
    assert {violation.rule for violation in check(ledger, observed)} == {"valid request is rejected"}
    ledger.faults.append(Injected("kill", "gateway.app-2", began=1))
    assert check(ledger, observed) == []


def test_revoked_session_may_live_a_minute_only_after_a_fault_of_redis(ledger: Ledger, observed: Observed) -> None:
    use = entry(ledger, "use after logout")
    use.outcome = Outcome.ACKNOWLEDGED
    ledger.faults.append(Injected("pause", "redis", began=1))
    assert check(ledger, observed) == []
    use.sent = 1061
    assert {violation.rule for violation in check(ledger, observed)} == {"ended session is accepted"}
