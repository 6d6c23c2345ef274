"""RabbitMQ's management API, to take their connections from the gateway's web processes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

TIMEOUT = 10  # seconds


def cut_off_gateways(environment: Mapping[str, str]) -> int:
    """Close the connections that consume the events of notifications; return their number."""
    api = environment["BARAZA_RABBITMQ_MANAGEMENT"].rstrip("/") + "/api"
    host = quote(urlsplit(environment["AMQP_URI"]).path.removeprefix("/") or "/", safe="")
    bindings = _get(f"{api}/exchanges/{host}/notifications.events/bindings/source")
    queues = [one["destination"] for one in bindings if one["routing_key"] == "notifications_read"]
    names = {_get(f"{api}/queues/{host}/{quote(queue, safe='')}")["owner_pid_details"]["name"] for queue in queues}
    return sum(requests.delete(f"{api}/connections/{quote(name)}", timeout=TIMEOUT).ok for name in names)


def _get(url: str) -> Any:
    reply = requests.get(url, timeout=TIMEOUT)
    reply.raise_for_status()
    return reply.json()
