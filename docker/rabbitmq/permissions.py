"""What each user may do. After an edit: `python -m docker.rabbitmq.permissions`, which writes both permissions.json.

RabbitMQ matches names with regular expressions. `configure` is to declare and delete, `write` to publish and to bind a
queue, `read` to consume, to purge, and to bind to an exchange. On a topic exchange it matches routing keys too.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, VHOST, Account

_FOLDER = Path(__file__).parent
# kustomize reads nothing that lies outside of its folder, so it has a copy.
FILES = (_FOLDER / "permissions.json", _FOLDER.parents[1] / "k8s" / "base" / "broker" / "permissions.json")

_ALL = ".*"
_CALLS = "nameko-rpc"
_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What events are put into that wait for another attempt, or rest: the default exchange, which reaches every queue.
_QUEUES_BY_NAME = r"amq\.default"
# The broker's own names for queues that one connection alone may use.
_EXCLUSIVE = r"amq\.gen-.+"


def definitions(accounts: Iterable[Account] = ACCOUNTS) -> dict[str, Any]:
    """Return the permissions of these accounts and of the administrator, in the form that RabbitMQ imports."""
    accounts = list(accounts)
    everything = {"user": ADMINISTRATOR, "vhost": VHOST, "configure": _ALL, "write": _ALL, "read": _ALL}
    return {
        "permissions": [everything, *map(_permissions, accounts)],
        "topic_permissions": [_topics(account) for account in accounts],
    }


def _permissions(account: Account) -> dict[str, str]:
    """Return one entry. Nameko declares exchanges at each start, also those it only listens to: that is `configure`."""
    queues = _queues(account)
    published = [rf"{account.name}\.events"] if account.publishes else []
    consumed = [rf"{source}\.events" for source in account.consumes]
    return {
        "user": account.name,
        "vhost": VHOST,
        "configure": _any(*queues, _CALLS, *published, *consumed),
        "write": _any(*queues, _CALLS, *published, *([_QUEUES_BY_NAME] if consumed else [])),
        "read": _any(*queues, _CALLS, *consumed),
    }


def _topics(account: Account) -> dict[str, str]:
    """Allow calls to all services, since signed tokens decide; allow consuming only own calls and replies."""
    calls = [rf"{service}\.\*" for service in account.services]
    return {
        "user": account.name,
        "vhost": VHOST,
        "exchange": _CALLS,
        "write": _ALL,
        "read": _any(*calls, _UUID),
    }


def _queues(account: Account) -> list[str]:
    """Those that Nameko names by the service, those of its handlers, and those for replies."""
    services = "|".join(account.services)
    sources = "|".join(account.consumes)
    callers = "|".join([*account.services, "standalone_rpc_proxy"])
    found = [rf"rpc\.reply-({callers})-{_UUID}", _EXCLUSIVE]
    if services:
        found.append(f"rpc-({services})")
    if sources:
        found.append(rf"((retry\.\d+|parked)\.)?evt-({sources})-\w+--({services})\.\w+")
    return found


def _any(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def text() -> str:
    """Return what stands in the files."""
    return json.dumps(definitions(), indent=2) + "\n"


def main() -> None:
    """Write both."""
    for file in FILES:
        file.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
