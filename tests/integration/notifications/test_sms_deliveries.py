"""Text messages on their way to a real HTTP server that speaks as Africa's Talking does."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from notifications.deliveries import DeliveriesService
from tests.integration.notifications.conftest import Order, Rows, Settled, Until
from tests.integration.notifications.people import People, UsersService
from tests.integration.notifications.twins import Twin

Deliver = Callable[..., list[Any]]


@pytest.fixture
def ada(people: People) -> str:
    return people.add("ada", "sms", phone="+254711000001")


@pytest.fixture
def ben(people: People) -> str:
    return people.add("ben", "sms", phone="+254711000002")


@pytest.fixture(autouse=True)
def _nothing_was_sent(sms: Twin) -> None:
    assert sms.got() == []


@pytest.fixture
def deliver(start: Callable[..., ServiceRunner], order: Order, settled: Settled) -> Deliver:
    def deliver(*users: str, **options: Any) -> list[Any]:
        start(UsersService, DeliveriesService)
        order("sms", *users, **options)
        return settled()

    return deliver


def test_people_who_get_the_same_text_get_it_in_one_request(ada: str, ben: str, deliver: Deliver, sms: Twin) -> None:
    deliveries = deliver(ada, ben, title="Tea", message="Chai?")
    assert [one["status"] for one in deliveries] == ["sent", "sent"]
    sent = sms.got()
    assert [(one["number"], one["text"]) for one in sent] == [
        ("+254711000001", "Baraza: Tea: Chai?"),
        ("+254711000002", "Baraza: Tea: Chai?"),
    ]
    assert [one["provider_id"] for one in deliveries] == [one["messageId"] for one in sent]


def test_people_who_share_a_number_get_one_message(people: People, deliver: Deliver, sms: Twin) -> None:
    deliveries = deliver(*(people.add(name, "sms", phone="+254711000001") for name in ("ada", "ben")))
    assert [one["status"] for one in deliveries] == ["sent", "sent"]
    assert len(sms.got()) == 1


@pytest.mark.parametrize(
    ("verdict", "status", "attempts", "error"),
    [
        (102, "sent", 1, None),
        (403, "failed", 1, "403 InvalidPhoneNumber"),
        (406, "failed", 1, "406 UserInBlacklist"),
        (501, "failed", 3, "501 GatewayError"),
    ],
)
def test_each_recipients_status_is_read(  # noqa: PLR0913, PLR0917 - a table of cases
    ada: str, deliver: Deliver, sms: Twin, verdict: int, status: str, attempts: int, error: str | None
) -> None:
    sms.fail(verdict=verdict, count=9)
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == (status, attempts, error)


def test_one_bad_number_does_not_harm_the_others(ada: str, people: People, deliver: Deliver, sms: Twin) -> None:
    bad, none = people.add("bad", "sms", phone="0711"), people.add("none", "sms")
    deliveries = deliver(bad, none, ada)
    assert [(one["status"], one["last_error"]) for one in deliveries] == [
        ("failed", "the phone number is not valid"),
        ("cancelled", "there is no address"),
        ("sent", None),
    ]
    assert len(sms.got()) == 1


@pytest.mark.parametrize("fault", [{"close": True}, {"plain": "OK"}, {"status": 502, "text": "bad gateway"}])
def test_an_unknown_outcome_is_never_sent_again(ada: str, deliver: Deliver, sms: Twin, fault: dict[str, Any]) -> None:
    sms.fail(**fault)
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"]) == ("unknown", 1)
    assert len(sms.got()) <= 1


@pytest.mark.parametrize(
    ("mistake", "error"),
    [({"url": "http://127.0.0.1:9"}, "ConnectionError"), ({"api_key": "wrong"}, "HTTP 401")],  # nobody listens there
    ids=["a server that is away", "a key that is refused"],
)
def test_what_went_nowhere_costs_no_attempt(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    ada: str,
    settings: dict[str, Any],
    start: Callable[..., ServiceRunner],
    order: Order,
    rows: Rows,
    until: Until,
    sms: Twin,
    mistake: dict[str, str],
    error: str,
) -> None:
    settings["notifications"]["sms"] |= mistake
    start(UsersService, DeliveriesService)
    order("sms", ada)
    until(lambda: [(one["status"], one["last_error"]) for one in rows("deliveries")] == [("pending", error)])
    assert [one["attempts"] for one in rows("deliveries")] == [0]
    assert sms.got() == []
