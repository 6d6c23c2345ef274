"""The table of RabbitMQ's users against the services' code, and the permissions derived from it."""

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
from docker.rabbitmq.accounts import ACCOUNTS, OPERATOR

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")

ACCOUNT = {account.name: account for account in ACCOUNTS}
DEFINITIONS = permissions.definitions([*ACCOUNTS, OPERATOR])
PERMISSIONS = {entry["user"]: entry for entry in DEFINITIONS["permissions"]}
TOPIC_PERMISSIONS = {entry["user"]: entry for entry in DEFINITIONS["topic_permissions"]}
VERBS = ("configure", "write", "read")
LISTENERS = ("gateway.websocket.listener",)  # receive events without a Nameko service

each_account = pytest.mark.parametrize("name", ACCOUNT)
each_account_and_operator = pytest.mark.parametrize("name", [*ACCOUNT, OPERATOR.name])


def service_classes(module: str) -> Iterator[type]:
    """Yield the service classes that a module defines."""
    for _, member in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if issubclass(member, Service) and member.__module__ == module:
            yield member


def event_classes(module: str) -> set[type[Event]]:
    """Return the classes of events that a module defines or imports."""
    members = [member for _, member in inspect.getmembers(importlib.import_module(module), inspect.isclass)]
    return {member for member in members if issubclass(member, Event) and member is not Event}


def retired_sources(service: type) -> set[str]:
    """Return the services whose events a class handled in the previous version; it still deletes those queues."""
    providers = [member for member in vars(service).values() if isinstance(member, RetiredQueuesProvider)]
    return {queue.split("-")[1] for provider in providers for queue in provider.queues}


def permits(account: str, verb: str, name: str) -> bool:
    return re.search(PERMISSIONS[account][verb], name) is not None


def permitted_accounts(verb: str, name: str) -> set[str]:
    return {account for account in ACCOUNT if permits(account, verb, name)}


def test_every_service_runs_as_the_account_of_its_package() -> None:
    services: dict[str, set[str]] = {name: set() for name in ACCOUNT}
    for module in SERVICES:
        services[module.partition(".")[0]].update(get_service_name(service) for service in service_classes(module))
    assert services == {name: set(account.services) for name, account in ACCOUNT.items()}


@each_account
def test_account_publishes_if_its_contract_has_events_of_its_own(name: str) -> None:
    assert ACCOUNT[name].publishes == any(event.source == name for event in event_classes(f"{name}.contract"))


@each_account
def test_account_consumes_the_events_that_its_code_handles(name: str) -> None:
    services = [
        service for module in SERVICES if module.partition(".")[0] == name for service in service_classes(module)
    ]
    queues = [queue for service in services for queue in handler_queues(service).values()]
    sources = {queue.exchange.name.removesuffix(".events") for queue in queues}
    sources |= {source for service in services for source in retired_sources(service)}
    sources |= {
        event.source for module in LISTENERS if module.startswith(f"{name}.") for event in event_classes(module)
    }
    assert set(ACCOUNT[name].consumes) == sources


@pytest.mark.parametrize("module", SERVICES)
def test_only_the_account_of_a_service_may_use_its_queues(module: str) -> None:
    owner = {module.partition(".")[0]}
    queues = [queue.name for queue in module_queues(module, [1, 600])]
    for name in [*queues, *(f"rpc-{get_service_name(service)}" for service in service_classes(module))]:
        for verb in VERBS:
            assert permitted_accounts(verb, name) == owner, (verb, name)


@each_account
def test_only_the_source_publishes_events_and_only_consumers_bind_to_them(name: str) -> None:
    exchange = f"{name}.events"
    consumers = {account.name for account in ACCOUNTS if name in account.consumes}
    assert permitted_accounts("write", exchange) == ({name} if ACCOUNT[name].publishes else set())
    assert permitted_accounts("read", exchange) == consumers
    assert permitted_accounts("configure", exchange) == consumers | permitted_accounts("write", exchange)


def test_only_accounts_with_event_handlers_publish_to_the_default_exchange() -> None:
    assert permitted_accounts("write", "amq.default") == {account.name for account in ACCOUNTS if account.consumes}


@each_account_and_operator
def test_account_receives_only_its_own_requests_and_replies(name: str) -> None:
    own = {f"{service}.*" for service in ACCOUNT.get(name, OPERATOR).services}
    all_requests = {f"{service}.*" for account in ACCOUNTS for service in account.services}
    pattern = TOPIC_PERMISSIONS[name]["read"]
    for key in {*all_requests, "#", "*.*", "*", "users.login", "#.login", f"{uuid.uuid4()}.#", ""}:
        assert bool(re.search(pattern, key)) == (key in own), key
    assert re.search(pattern, str(uuid.uuid4()))


@each_account_and_operator
def test_account_may_not_use_other_names(name: str) -> None:
    for verb in VERBS:
        for other in ("amq.topic", "amq.rabbitmq.trace", "nameko-rpc2", "x-rpc-users", f"rpc-{name}-2", "anything"):
            assert not permits(name, verb, other), (verb, other)


@pytest.mark.parametrize("file", permissions.FILES, ids=str)
def test_files_are_up_to_date(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == permissions.text(), "python -m docker.rabbitmq.permissions"
