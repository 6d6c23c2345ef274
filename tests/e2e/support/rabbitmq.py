"""Calls of RabbitMQ's management API."""

from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlsplit

import requests

from dev.platform.programs import GATEWAY, process_variables

TIMEOUT = 30  # seconds


def gateways_consume(environment: Mapping[str, str]) -> bool:
    """Return whether a gateway process consumes events of notifications."""
    vhost = quote(_gateway_uri(environment).path.removeprefix("/") or "/", safe="")
    url = f"{_api(environment)}/exchanges/{vhost}/notifications.events/bindings/source"
    response = requests.get(url, timeout=TIMEOUT)
    response.raise_for_status()
    return any(binding["routing_key"] == "notifications_read" for binding in response.json())


def close_gateway_connections(environment: Mapping[str, str]) -> None:
    """Close all connections of the gateways' RabbitMQ user."""
    url = f"{_api(environment)}/connections/username/{_gateway_uri(environment).username}"
    requests.delete(url, timeout=TIMEOUT).raise_for_status()


def _gateway_uri(environment: Mapping[str, str]) -> SplitResult:
    return urlsplit({**environment, **process_variables(environment, GATEWAY)}["AMQP_URI"])


def _api(environment: Mapping[str, str]) -> str:
    return environment["BARAZA_RABBITMQ_MANAGEMENT"].rstrip("/") + "/api"
