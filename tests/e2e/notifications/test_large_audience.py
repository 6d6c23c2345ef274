"""A post to ten thousand active people, among two thousand who are not: who gets it, how, and how often."""

import os
from collections.abc import Callable, Iterator

import pytest

from bench.masses import DOMAIN, PREFIX, Loaded, Masses, masses
from bench.outcome import Outcome, memory
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.person import Person

ACTIVE, INACTIVE = 10_000, 2_000
# E-mails and SMS to all take minutes; `BARAZA_TEST_SCALE=full` includes them.
FULL = os.environ.get("BARAZA_TEST_SCALE") == "full"
EMAILS, PHONES = (ACTIVE, ACTIVE) if FULL else (600, 1_500)
NOTIFIED, SENT = 60, 1200 if FULL else 120  # seconds
GROWTH = 48  # MB; all of the recipients at once would take more


@pytest.fixture
def crowd(platform: Instance) -> Iterator[Masses]:
    with masses(platform.environment) as crowd:
        yield crowd


@pytest.fixture
def loaded(crowd: Masses) -> Iterator[Loaded]:
    loaded = crowd.load(ACTIVE, INACTIVE, emails=EMAILS, phones=PHONES)
    yield loaded
    crowd.unload(loaded)


@pytest.mark.timeout(NOTIFIED + SENT + 60)
def test_every_active_user_is_notified_once_by_each_chosen_channel_and_no_other_user(
    platform: Instance, crowd: Masses, loaded: Loaded, new_user: Callable[..., Person]
) -> None:
    author = new_user()
    pids = [status.pid for status in platform.control.replicas("notifications.service")]
    used = [[memory(pid) for pid in pids]]

    post = author.writes("Karibu, ten thousand of you.")
    outcome = Outcome(platform.environment, post["id"])

    def notified() -> bool:
        used.append([memory(pid) for pid in pids])
        return outcome.progress().notified

    until(notified, "every inbox", NOTIFIED)
    expected = crowd.active(post["created_at"]) - {author.id}
    assert expected & loaded.user_ids == loaded.active
    assert outcome.inbox() == dict.fromkeys(expected, 1)
    assert all(max(one) - one[0] < GROWTH for one in zip(*used, strict=True))

    until(lambda: outcome.progress().sent, "every mail and text", SENT)
    title = f"{author.name} posted"
    assert outcome.emails(title, DOMAIN) == dict.fromkeys(loaded.emails, 1)
    assert outcome.texts(title, PREFIX) == dict.fromkeys(loaded.phones, 1)
