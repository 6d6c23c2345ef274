"""What operators do for events that were parked."""

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import is_id
from chassis.errors import Conflict, Forbidden, Invalid, ServiceError, Unavailable
from chassis.events import dead_letters
from chassis.events.contract import ReplayParked
from chassis.events.dead_letters import DeadLetters
from chassis.events.topology import handler_queues
from chassis.ids import new_id
from tests.integration.chassis.brokers import Stranger, TcpProxy
from tests.integration.chassis.conftest import Tell, Until
from tests.integration.chassis.kitchen import Guests, TeaMade
from tests.integration.support.rpc import OPERATOR, Rpc

QUEUE = "evt-feeds-tea_made--guests.on_tea_made"
PARKED = f"parked.{QUEUE}"
HANDLER: dict[str, Any] = {"handler": "on_tea_made"}

Start = Callable[..., ServiceRunner]
Park = Callable[..., list[str]]
Operator = Callable[..., dict[str, Any]]


def asleep(_guests: Guests, _event: TeaMade) -> None:
    raise Conflict("The guests are asleep.", "asleep")


def awake(_guests: Guests, _event: TeaMade) -> None:
    """Handle everything."""


@pytest.fixture(autouse=True)
def one_attempt(settings: dict[str, Any]) -> None:
    settings["retry"]["delays"] = []


@pytest.fixture
def operator(rpc: Rpc) -> Operator:
    return lambda method, **arguments: dict(rpc(f"guests.{method}", OPERATOR, **arguments))


@pytest.fixture
def listed(operator: Operator) -> Callable[[], dict[str, Any]]:
    """What an operator sees of the guests' one handler."""

    def listed() -> dict[str, Any]:
        (handler,) = operator("parked")["handlers"]
        return dict(handler)

    return listed


@pytest.fixture
def park(start: Start, tell: Tell, stranger: Stranger, until: Until) -> Park:
    """Start the guests and have events parked, in this order; returns their ids. Then the cause is mended."""

    def park(*cups: object) -> list[str]:
        Guests.behave = asleep
        start(Guests)
        ids = []
        for each in cups:
            ids.append(tell(each))
            until(lambda: stranger.depth(PARKED) == len(ids))
        Guests.heard.clear()
        Guests.behave = awake
        return ids

    return park


def test_an_operator_sees_what_is_parked_and_why_but_not_what_it_says(
    park: Park, listed: Callable[[], dict[str, Any]], stranger: Stranger
) -> None:
    before = clock.now().replace(microsecond=0)
    first, second = park(1, 2)
    handler = listed()
    oldest = handler.pop("oldest")
    assert handler == {"handler": "on_tea_made", "event": "tea_made", "parked": 2, "waiting": 0}
    assert before.isoformat() <= oldest[0].pop("since") <= clock.now().isoformat()
    assert oldest[0] == {"event_id": first, "error": "asleep", "attempts": 1, "request_id": "r-1", "ids": {}}
    assert oldest[1]["event_id"] == second
    assert stranger.depth(PARKED) == 2


def test_what_waits_for_another_attempt_is_counted(
    start: Start, tell: Tell, until: Until, settings: dict[str, Any], listed: Callable[[], dict[str, Any]]
) -> None:
    settings["retry"]["delays"] = [600, 900]
    Guests.behave = asleep
    start(Guests)
    tell(1)
    until(lambda: listed()["waiting"] == 1)
    assert listed()["parked"] == 0


def test_a_replayed_event_is_handled_once_and_starts_anew(
    park: Park, operator: Operator, until: Until, stranger: Stranger, listed: Callable[[], dict[str, Any]]
) -> None:
    park(1, 2, 3)
    assert operator("replay_parked", **HANDLER, limit=2) == {"moved": 2, "left": 1}
    until(lambda: Guests.heard == [1, 2])
    Guests.behave = asleep
    assert operator("replay_parked", **HANDLER) == {"moved": 1, "left": 0}
    until(lambda: stranger.depth(PARKED) == 1)
    assert Guests.heard == [1, 2, 3]
    assert [one["attempts"] for one in listed()["oldest"]] == [1]


def test_one_event_may_be_chosen_and_the_others_stay_in_their_order(
    park: Park, operator: Operator, until: Until, listed: Callable[[], dict[str, Any]]
) -> None:
    first, second, third = park(1, 2, 3)
    assert operator("replay_parked", **HANDLER, event_id=second) == {"moved": 1, "left": 2}
    until(lambda: Guests.heard == [2])
    assert operator("replay_parked", **HANDLER, event_id=new_id()) == {"moved": 0, "left": 2}
    assert [one["event_id"] for one in listed()["oldest"]] == [first, third]


def test_what_is_malformed_is_listed_and_parked_again_after_a_replay(
    park: Park, operator: Operator, until: Until, stranger: Stranger, listed: Callable[[], dict[str, Any]]
) -> None:
    park("many", 1)
    assert [one["error"] for one in listed()["oldest"]] == ["invalid", "asleep"]
    operator("replay_parked", **HANDLER)
    until(lambda: Guests.heard == [1])
    until(lambda: stranger.depth(PARKED) == 1)
    assert [one["error"] for one in listed()["oldest"]] == ["invalid"]


def test_what_nobody_can_use_is_thrown_away_one_at_a_time_and_the_log_says_what_it_was(
    park: Park, operator: Operator, caplog: pytest.LogCaptureFixture, listed: Callable[[], dict[str, Any]]
) -> None:
    first, second, third = park(1, 2, 3)
    assert operator("discard_parked", **HANDLER) == {"moved": 1, "left": 2}
    assert operator("discard_parked", **HANDLER, event_id=third) == {"moved": 1, "left": 1}
    assert [one["event_id"] for one in listed()["oldest"]] == [second]
    assert all(event_id in caplog.text for event_id in (first, third))
    assert Guests.heard == []


@pytest.mark.parametrize("method", ["parked", "replay_parked", "discard_parked"])
def test_parked_events_are_for_operators_alone(start: Start, rpc: Rpc, method: str) -> None:
    start(Guests)
    arguments = {} if method == "parked" else HANDLER
    for caller in (Caller("gateway"), Caller("gateway", user=new_id(), staff=True)):
        with pytest.raises(Forbidden):
            rpc(f"guests.{method}", caller, **arguments)


def test_a_handler_that_is_not_there_is_refused_with_those_that_are(start: Start, rpc: Rpc) -> None:
    start(Guests)
    with pytest.raises(Invalid, match="on_tea_made") as refused:
        rpc("guests.replay_parked", OPERATOR, handler="on_tea_spilled")
    assert refused.value.errors[0]["field"] == "handler"


def test_an_event_whose_handler_has_no_queue_any_more_stays_parked(
    settings: dict[str, Any], stranger: Stranger, until: Until
) -> None:
    nowhere = handler_queues(Guests)["on_tea_made"]
    nowhere.name = "evt-of-old"
    stranger.put("parked.evt-of-old", b"{}")
    with pytest.raises(Unavailable):
        DeadLetters(settings["AMQP_URI"], {"old": nowhere}, []).replay(ReplayParked(handler="old"))
    until(lambda: stranger.depth("parked.evt-of-old") == 1)


def test_a_replay_that_is_cut_off_loses_nothing(
    park: Park, wire_to_broker: TcpProxy, stranger: Stranger, until: Until
) -> None:
    cups = list(range(40))
    park(*cups)

    def behave(_guests: Guests, _event: TeaMade) -> None:
        if len(Guests.heard) == 10:
            wire_to_broker.drop()

    Guests.behave = behave
    with pytest.raises(Unavailable):
        DeadLetters(wire_to_broker.uri, handler_queues(Guests), []).replay(ReplayParked(**HANDLER, limit=1000))
    rest: list[int] = []

    def nothing_is_missing() -> bool:  # the broker returns what was in hand when it notices the cut
        bodies = [stranger.get(PARKED).body for _ in range(stranger.depth(PARKED))]
        rest.extend(int(body.partition(":")[2].strip("}")) for body in bodies)
        return {*Guests.heard, *rest} == set(cups)

    until(nothing_is_missing)
    assert rest


def test_a_broker_that_does_not_answer_holds_a_command_for_a_while_only(
    park: Park, wire_to_broker: TcpProxy, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "PATIENCE", 0.3)
    park(1)
    wire_to_broker.freeze(to_server=False)
    with eventlet.Timeout(5), pytest.raises(ServiceError):
        DeadLetters(wire_to_broker.uri, handler_queues(Guests), []).replay(ReplayParked(**HANDLER))
    assert is_id(stranger.get(PARKED).properties["message_id"])
