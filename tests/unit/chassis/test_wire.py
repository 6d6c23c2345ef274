import json
from types import SimpleNamespace
from typing import Any

from kombu.serialization import registry
from nameko.events import get_event_exchange
from nameko.rpc import get_rpc_exchange

from chassis.amqp import protocol


def test_names_are_those_that_nameko_makes() -> None:
    assert get_rpc_exchange({}).name == protocol.RPC_EXCHANGE
    ours, namekos = protocol.event_exchange("feeds"), get_event_exchange("feeds", {})
    for part in ("name", "type", "durable", "auto_delete"):
        assert getattr(ours, part) == getattr(namekos, part)
    assert protocol.event_queue_name("feeds", "post_created", "n", "on_it") == "evt-feeds-post_created--n.on_it"


def test_a_body_is_plain_json_and_nothing_makes_it_fail() -> None:
    assert json.loads(protocol.dumps({"text": "ünï", "n": None})) == {"text": "ünï", "n": None}
    assert json.loads(protocol.dumps("\ud800")) == "?"


def test_pickle_is_never_read() -> None:
    assert "application/x-python-serialize" in registry._disabled_content_types  # noqa: SLF001


def test_sending_only_writes() -> None:
    sent: list[Any] = []
    protocol.send(SimpleNamespace(send_method=lambda *args: sent.append(args)), b"{}", "x", "key", mandatory=True)
    (_, _, (_, exchange, key, mandatory, immediate), message) = sent[0]
    assert (exchange, key, mandatory, immediate) == ("x", "key", True, False)
    assert message.properties["content_type"] == "application/json"
