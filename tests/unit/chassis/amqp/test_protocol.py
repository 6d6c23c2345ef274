import json
from types import SimpleNamespace
from typing import Any

from nameko.events import get_event_exchange
from nameko.rpc import get_rpc_exchange

from chassis.amqp import protocol


def test_exchanges_and_queues_have_namekos_names() -> None:
    assert get_rpc_exchange({}).name == protocol.RPC_EXCHANGE
    ours, namekos = protocol.event_exchange("orders"), get_event_exchange("orders", {})
    for attribute in ("name", "type", "durable", "auto_delete"):
        assert getattr(ours, attribute) == getattr(namekos, attribute)
    assert protocol.event_queue_name("orders", "order_placed", "n", "on_it") == "evt-orders-order_placed--n.on_it"


def test_body_is_encoded_as_json_even_with_lone_surrogates() -> None:
    assert json.loads(protocol.dumps({"text": "ünï", "n": None})) == {"text": "ünï", "n": None}
    assert json.loads(protocol.dumps("\ud800")) == "?"


def test_send_writes_to_the_channel_and_does_not_read_from_it() -> None:
    sent: list[Any] = []
    protocol.send(SimpleNamespace(send_method=lambda *args: sent.append(args)), b"{}", "x", "key", mandatory=True)
    (_, _, (_, exchange, routing_key, mandatory, immediate), message) = sent[0]
    assert (exchange, routing_key, mandatory, immediate) == ("x", "key", True, False)
    assert message.properties["content_type"] == "application/json"
