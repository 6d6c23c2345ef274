"""RabbitMQ's users match the services, and their permissions follow from that."""

import importlib
import inspect
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from nameko.containers import get_service_name

from chassis.contract import Event
from chassis.events.retired import RetiredQueuesProvider
from chassis.events.topology import handler_queues, module_queues
from chassis.service import Service
from dev.platform.programs import SERVICES
from docker.rabbitmq import permissions
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")

ACCOUNT = {account.name: account for account in ACCOUNTS}
MAY = {one["user"]: one for one in permissions.definitions([*ACCOUNTS, OPERATOR])["permissions"]}
TOPICS = {one["user"]: one for one in permissions.definitions([*ACCOUNTS, OPERATOR])["topic_permissions"]}
LISTENERS = ("gateway.websocket.listener",)  # consume events without being a Nameko service

each_account = pytest.mark.parametrize("name", ACCOUNT)


def classes(module: str) -> Iterator[type]:
    """Yield the service classes that a module defines itself."""
    for _, found in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if issubclass(found, Service) and found.__module__ == module:
            yield found


def events(module: str) -> set[type[Event]]:
    """Return the classes of events that a module knows."""
    found = [one for _, one in inspect.getmembers(importlib.import_module(module), inspect.isclass)]
    return {one for one in found if issubclass(one, Event) and one is not Event}


def retired_sources(service: type) -> set[str]:
    """Return the services whose events a class handled in the previous version; it still deletes those queues."""
    providers = [one for one in vars(service).values() if isinstance(one, RetiredQueuesProvider)]
    return {queue.split("-")[1] for provider in providers for queue in provider.queues}


def may(account: str, verb: str, name: str) -> bool:
    return re.search(MAY[account][verb], name) is not None


def who_may(verb: str, name: str) -> set[str]:
    return {account for account in ACCOUNT if may(account, verb, name)}


def test_service_uses_the_account_of_its_package() -> None:
    found: dict[str, set[str]] = {}
    for module in SERVICES:
        found.setdefault(module.partition(".")[0], set()).update(get_service_name(one) for one in classes(module))
    assert found == {name: set(account.services) for name, account in ACCOUNT.items()}


@each_account
def test_account_publishes_if_its_contract_has_events(name: str) -> None:
    assert ACCOUNT[name].publishes == any(event.source == name for event in events(f"{name}.contract"))


@each_account
def test_account_consumes_from_exactly_the_services_whose_events_it_handles(name: str) -> None:
    modules = [module for module in SERVICES if module.partition(".")[0] == name]
    queues = [queue for module in modules for one in classes(module) for queue in handler_queues(one).values()]
    consumed = {queue.exchange.name.removesuffix(".events") for queue in queues}
    consumed |= {source for module in modules for one in classes(module) for source in retired_sources(one)}
    consumed |= {event.source for module in LISTENERS if module.startswith(f"{name}.") for event in events(module)}
    assert set(ACCOUNT[name].consumes) == consumed


@pytest.mark.parametrize("module", SERVICES)
def test_queues_of_a_service_belong_to_its_account_only(module: str) -> None:
    owner = {module.partition(".")[0]}
    queues = [queue.name for queue in module_queues(module, [1, 600])]
    for name in [*queues, *(f"rpc-{get_service_name(one)}" for one in classes(module))]:
        for verb in ("configure", "write", "read"):
            assert who_may(verb, name) == owner, (verb, name)


@each_account
def test_only_its_owner_publishes_to_an_exchange_of_events_and_only_listeners_bind_to_it(name: str) -> None:
    exchange = f"{name}.events"
    listeners = {account.name for account in ACCOUNTS if name in account.consumes}
    assert who_may("write", exchange) == ({name} if ACCOUNT[name].publishes else set())
    assert who_may("read", exchange) == listeners
    assert who_may("configure", exchange) == listeners | who_may("write", exchange)


def test_only_those_whose_events_may_have_to_wait_put_messages_into_queues_by_name() -> None:
    assert who_may("write", "amq.default") == {account.name for account in ACCOUNTS if account.consumes}


@pytest.mark.parametrize("name", [*ACCOUNT, OPERATOR.name])
def test_account_consumes_only_its_own_calls_and_replies(name: str) -> None:
    own = {f"{service}.*" for service in ACCOUNT.get(name, OPERATOR).services}
    every = {f"{service}.*" for account in ACCOUNTS for service in account.services}
    for key in {*every, "#", "*.*", "*", "users.login", "#.login", f"{uuid.uuid4()}.#", ""}:
        assert bool(re.search(TOPICS[name]["read"], key)) == (key in own), key
    assert re.search(TOPICS[name]["read"], str(uuid.uuid4()))


@pytest.mark.parametrize("name", [*ACCOUNT, OPERATOR.name])
def test_the_brokers_own_exchanges_and_foreign_names_are_nobodys(name: str) -> None:
    for verb in ("configure", "write", "read"):
        for foreign in ("amq.topic", "amq.rabbitmq.trace", "nameko-rpc2", "x-rpc-users", f"rpc-{name}-2", "anything"):
            assert not may(name, verb, foreign), (verb, foreign)


def test_the_administrator_is_none_of_the_accounts() -> None:
    assert ADMINISTRATOR not in {*ACCOUNT, OPERATOR.name}


@pytest.mark.parametrize("file", permissions.FILES, ids=str)
def test_permission_files_match_the_table(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == permissions.text(), "python -m docker.rabbitmq.permissions"
