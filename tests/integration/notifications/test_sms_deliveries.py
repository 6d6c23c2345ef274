"""Text messages on their way to a real HTTP server that speaks as Africa's Talking does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from chassis import clock
from notifications.deliveries import DeliveriesService
from tests.integration.notifications.conftest import Order, Rows, Settled, Until
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.fakes import FakeServer

Deliver = Callable[..., list[Any]]


@pytest.fixture
def ada(people: People) -> str:
    return people.add("ada", "sms", phone="+254711000001")


@pytest.fixture
def ben(people: People) -> str:
    return people.add("ben", "sms", phone="+254711000002")


@pytest.fixture(autouse=True)
def _nothing_was_sent(sms: FakeServer) -> None:
    assert sms.received() == []


@pytest.fixture
def deliver(start: Callable[..., ServiceRunner], order: Order, settled: Settled) -> Deliver:
    def deliver(*users: str, **options: Any) -> list[Any]:
        start(UsersService, DeliveriesService)
        order("sms", *users, **options)
        return settled()

    return deliver


def test_people_who_get_the_same_text_get_it_in_one_request(
    ada: str, ben: str, deliver: Deliver, sms: FakeServer
) -> None:
    deliveries = deliver(ada, ben, title="Tea", message="Chai?")
    assert [one["status"] for one in deliveries] == ["sent", "sent"]
    sent = sms.received()
    assert [(one["number"], one["text"]) for one in sent] == [
        ("+254711000001", "Baraza: Tea: Chai?"),
        ("+254711000002", "Baraza: Tea: Chai?"),
    ]
    assert [one["provider_id"] for one in deliveries] == [one["messageId"] for one in sent]


def test_people_who_share_a_number_get_one_message(people: People, deliver: Deliver, sms: FakeServer) -> None:
    deliveries = deliver(*(people.add(name, "sms", phone="+254711000001") for name in ("ada", "ben")))
    assert [one["status"] for one in deliveries] == ["sent", "sent"]
    assert len(sms.received()) == 1


@pytest.mark.parametrize(
    ("verdict", "status", "attempts", "error"),
    [
        (102, "sent", 1, None),
        (403, "failed", 1, "403 InvalidPhoneNumber"),
        (406, "failed", 1, "406 UserInBlacklist"),
        (409, "failed", 1, "409 DoNotDisturbRejection"),
        (501, "failed", 3, "501 GatewayError"),
    ],
)
def test_each_recipients_status_is_read(  # noqa: PLR0913, PLR0917 - a table of cases
    ada: str, deliver: Deliver, sms: FakeServer, verdict: int, status: str, attempts: int, error: str | None
) -> None:
    sms.fail(verdict=verdict, count=9)
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == (status, attempts, error)


def test_one_bad_number_does_not_harm_the_others(ada: str, people: People, deliver: Deliver, sms: FakeServer) -> None:
    bad, none = people.add("bad", "sms", phone="0711"), people.add("none", "sms")
    deliveries = deliver(bad, none, ada)
    assert [(one["status"], one["last_error"]) for one in deliveries] == [
        ("failed", "the phone number is not valid"),
        ("cancelled", "there is no address"),
        ("sent", None),
    ]
    assert len(sms.received()) == 1


FAULTS = {
    "the connection ends": [{"close": True}],
    "the answer takes too long": [{"hang": 3}],
    "a text": [{"plain": "OK"}],
    "a text that calls itself JSON": [{"plain": "OK"}, {"declared": "application/json"}],
    "a bad gateway": [{"status": 502}],
    "an error of theirs": [{"status": 500}],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_an_unknown_outcome_is_never_sent_again(
    ada: str, deliver: Deliver, sms: FakeServer, settings: dict[str, Any], faults: list[dict[str, Any]]
) -> None:
    settings["notifications"]["sms"]["timeout"] = 1
    for fault in faults:
        sms.fail(**fault)
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["attempts"], delivery["provider_id"]) == ("unknown", 1, None)
    assert len(sms.received()) <= 1


def test_json_under_another_content_type_is_read_all_the_same(ada: str, deliver: Deliver, sms: FakeServer) -> None:
    sms.fail(declared="application/json; charset=utf-8")
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["provider_id"]) == ("sent", sms.received()[0]["messageId"])


def test_of_one_request_each_number_has_its_own_result(people: People, deliver: Deliver, sms: FakeServer) -> None:
    ends = ("000001", "000403", "000501", "000102", "000406")
    users = [people.add(f"user{end}", "sms", phone=f"+254711{end}") for end in ends]
    deliveries = deliver(*users)
    assert [one["status"] for one in deliveries] == ["sent", "failed", "failed", "sent", "failed"]
    assert [one["attempts"] for one in deliveries] == [1, 1, 3, 1, 1]
    assert [one["number"] for one in sms.received()][:5] == [f"+254711{end}" for end in ends]


def test_whoever_told_the_provider_to_stop_has_sms_switched_off(
    ada: str, people: People, deliver: Deliver, until: Until
) -> None:
    people.change(ada, phone="+254711000406")
    (delivery,) = deliver(ada)
    assert (delivery["status"], delivery["last_error"]) == ("failed", "406 UserInBlacklist")
    until(lambda: people.opted_out == ["+254711000406"])


def test_an_opt_out_that_cannot_be_told_costs_nobody_a_message(ada: str, people: People, deliver: Deliver) -> None:
    blocked = people.add("blocked", "sms", phone="+254711000406")
    people.failures = [2]  # the first call is for addresses
    assert [one["status"] for one in deliver(blocked, ada)] == ["failed", "sent"]
    assert people.opted_out == []


def test_with_an_empty_balance_nothing_more_is_asked_and_nobody_loses_an_attempt(  # noqa: PLR0913, PLR0917 - fixtures
    ada: str,
    ben: str,
    start: Callable[..., ServiceRunner],
    order: Order,
    rows: Rows,
    until: Until,
    sms: FakeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sms.fail(verdict=405, count=9)
    start(UsersService, DeliveriesService)
    order("sms", ada)
    until(lambda: [row["last_error"] for row in rows("deliveries")] == ["405 InsufficientBalance"])
    order("sms", ben)
    until(lambda: [row["last_error"] for row in rows("deliveries")] == ["405 InsufficientBalance"] * 2)
    assert [(row["status"], row["attempts"]) for row in rows("deliveries")] == [("pending", 0), ("pending", 0)]
    assert all(row["due_at"] > clock.now() + timedelta(minutes=5) for row in rows("deliveries"))
    assert [one["number"] for one in sms.received()] == ["+254711000001"]
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == [
        "the balance at Africa's Talking is used up: no SMS goes out"
    ]


def test_only_allowed_countries_get_messages(
    people: People, deliver: Deliver, sms: FakeServer, settings: dict[str, Any]
) -> None:
    settings["notifications"]["sms"]["countries"] = "KE,UG"
    phones = ("+254711000001", "+255621234567", "+80012345678", "+256712345678")
    deliveries = deliver(*(people.add(f"user{phone}", "sms", phone=phone) for phone in phones))
    assert [(one["status"], one["attempts"], one["last_error"]) for one in deliveries] == [
        ("sent", 1, None),
        ("cancelled", 0, "no SMS goes to this country"),
        ("cancelled", 0, "no SMS goes to this country"),
        ("sent", 1, None),
    ]
    assert [one["number"] for one in sms.received()] == ["+254711000001", "+256712345678"]


@pytest.mark.parametrize(
    ("mistake", "error"),
    [({"url": "http://127.0.0.1:9"}, "ConnectionError"), ({"api_key": "wrong"}, "HTTP 401")],  # nobody listens there
    ids=["a server that is away", "a key that is rejected"],
)
def test_what_went_nowhere_costs_no_attempt(  # noqa: PLR0913, PLR0917 - the fixtures it takes
    ada: str,
    settings: dict[str, Any],
    start: Callable[..., ServiceRunner],
    order: Order,
    rows: Rows,
    until: Until,
    sms: FakeServer,
    mistake: dict[str, str],
    error: str,
) -> None:
    settings["notifications"]["sms"] |= mistake
    start(UsersService, DeliveriesService)
    order("sms", ada)
    until(lambda: [(one["status"], one["last_error"]) for one in rows("deliveries")] == [("pending", error)])
    assert [one["attempts"] for one in rows("deliveries")] == [0]
    assert sms.received() == []
