"""Calls of RabbitMQ's management API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

TIMEOUT = 10  # seconds


def close_gateway_connections(environment: Mapping[str, str]) -> int:
    """Close the connections on which gateways consume events of notifications; return how many there were."""
    api = environment["BARAZA_RABBITMQ_MANAGEMENT"].rstrip("/") + "/api"
    vhost = quote(urlsplit(environment["AMQP_URI"]).path.removeprefix("/") or "/", safe="")
    bindings = _get(f"{api}/exchanges/{vhost}/notifications.events/bindings/source")
    queues = [binding["destination"] for binding in bindings if binding["routing_key"] == "notifications_read"]
    names = {_get(f"{api}/queues/{vhost}/{quote(queue, safe='')}")["owner_pid_details"]["name"] for queue in queues}
    return sum(requests.delete(f"{api}/connections/{quote(name)}", timeout=TIMEOUT).ok for name in names)


def _get(url: str) -> Any:
    response = requests.get(url, timeout=TIMEOUT)
    response.raise_for_status()
    return response.json()
