"""Derives the permissions of RabbitMQ's users. `python -m docker.rabbitmq.permissions` writes both permissions.json.

A permission is a regular expression of names. `configure` permits to declare and delete; `write` to publish to an
exchange and to bind a queue; `read` to consume, to purge, and to bind to an exchange. Topic permissions restrict the
routing keys of a topic exchange (https://www.rabbitmq.com/docs/access-control).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, VHOST, Account

_FOLDER = Path(__file__).parent
# kustomize reads only files below its own folder, so it has a copy.
FILES = (_FOLDER / "permissions.json", _FOLDER.parents[1] / "k8s" / "base" / "broker" / "permissions.json")

_ALL = ".*"
_RPC_EXCHANGE = "nameko-rpc"
_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Retries and dead letters are published to the default exchange, which reaches every queue by its name.
_DEFAULT_EXCHANGE = r"amq\.default"
# Names that RabbitMQ generates, for queues that only one connection may use.
_GENERATED = r"amq\.gen-.+"


def definitions(accounts: Iterable[Account] = ACCOUNTS) -> dict[str, Any]:
    """Return the permissions of these accounts and of the administrator, in the form that RabbitMQ imports."""
    accounts = list(accounts)
    administrator = {"user": ADMINISTRATOR, "vhost": VHOST, "configure": _ALL, "write": _ALL, "read": _ALL}
    return {
        "permissions": [administrator, *map(_permissions, accounts)],
        "topic_permissions": [_topic_permissions(account) for account in accounts],
    }


def _permissions(account: Account) -> dict[str, str]:
    """Return one entry. Nameko declares the exchanges of the events it consumes too, so they need `configure`."""
    queues = _queues(account)
    published = [rf"{account.name}\.events"] if account.publishes else []
    consumed = [rf"{source}\.events" for source in account.consumes]
    return {
        "user": account.name,
        "vhost": VHOST,
        "configure": _any(*queues, _RPC_EXCHANGE, *published, *consumed),
        "write": _any(*queues, _RPC_EXCHANGE, *published, *([_DEFAULT_EXCHANGE] if consumed else [])),
        "read": _any(*queues, _RPC_EXCHANGE, *consumed),
    }


def _topic_permissions(account: Account) -> dict[str, str]:
    """Permit to call every service, which checks the signed token, and to receive only own requests and replies."""
    requests = [rf"{service}\.\*" for service in account.services]
    return {
        "user": account.name,
        "vhost": VHOST,
        "exchange": _RPC_EXCHANGE,
        "write": _ALL,
        "read": _any(*requests, _UUID),
    }


def _queues(account: Account) -> list[str]:
    """Return patterns of the queues for replies, requests and events, by Nameko's and the chassis' names."""
    services = "|".join(account.services)
    sources = "|".join(account.consumes)
    callers = "|".join([*account.services, "standalone_rpc_proxy"])
    patterns = [rf"rpc\.reply-({callers})-{_UUID}", _GENERATED]
    if services:
        patterns.append(f"rpc-({services})")
    if sources:
        patterns.append(rf"((retry\.\d+|parked)\.)?evt-({sources})-\w+--({services})\.\w+")
    return patterns


def _any(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def text() -> str:
    """Return the content of the files."""
    return json.dumps(definitions(), indent=2) + "\n"


def main() -> None:
    """Write the files."""
    for file in FILES:
        file.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
