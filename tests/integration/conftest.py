"""Fixtures for tests of services with real servers: RabbitMQ, PostgreSQL or SQLite, and Redis.

Run them with `python -m nameko test tests/integration`, which applies eventlet's patches before it imports pytest. The
services run in the process of the tests. Every test gets a virtual host of its own (Nameko's fixture `rabbit_config`)
and empty databases. Redis is not emptied, since its keys contain ids that only one test uses. The environment has the
variables of config.yml, and in BARAZA_RABBITMQ_MANAGEMENT the URL of RabbitMQ's management API with its credentials.
"""

import copy
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import eventlet
import pytest
import requests
from eventlet.patcher import is_monkey_patched
from eventlet.support.psycopg2_patcher import make_psycopg_green
from kombu.pools import connections
from nameko.runners import ServiceRunner
from nameko.testing.utils import ResourcePipeline
from nameko.utils.retry import retry

from chassis import config
from chassis.redis import connection
from tests.integration.support.databases import Databases
from tests.integration.support.events import EventListener, Listen
from tests.integration.support.keys import set_keys
from tests.integration.support.rpc import Rpc

Settings = dict[str, Any]
Start = Callable[..., ServiceRunner]
Until = Callable[[Callable[[], object]], None]

SECTIONS = ("users", "feeds", "notifications", "gateway")
UNTIL_TIMEOUT = 60  # seconds; on a busy machine everything takes longer
# argon2id with low costs: tests compute hundreds of hashes.
CHEAP_PASSWORDS = {"PASSWORD_TIME_COST": "1", "PASSWORD_MEMORY_COST": "64"}


def pytest_configure(config: pytest.Config) -> None:
    """Set the options of Nameko's fixtures, and the keys of the services."""
    set_keys()
    config.option.RABBIT_AMQP_URI = os.environ.get("AMQP_URI", config.option.RABBIT_AMQP_URI)
    config.option.RABBIT_API_URI = os.environ.get("BARAZA_RABBITMQ_MANAGEMENT", config.option.RABBIT_API_URI)


@pytest.fixture(scope="session")
def vhost_pipeline(rabbit_manager: Any) -> Iterator[Any]:
    """Create virtual hosts in advance, like the fixture of Nameko that it replaces.

    Nameko's names them with `random`, which hypothesis seeds again and again, so two tests would share a virtual host.
    """
    user = urlsplit(os.environ["AMQP_URI"]).username

    def create() -> str:
        name = f"nameko_test_{uuid.uuid4().hex}"
        rabbit_manager.create_vhost(name)
        rabbit_manager.set_vhost_permissions(name, user, ".*", ".*", ".*")
        return name

    @retry(for_exceptions=(requests.HTTPError, TimeoutError), delay=1, max_attempts=9)
    def destroy(name: str) -> None:
        rabbit_manager.delete_vhost(name)
        for key, pool in list(connections.items()):
            if isinstance(key, list) and key[4] == name:
                pool.force_close_all()

    with ResourcePipeline(create, destroy).run() as names:
        yield names


@pytest.fixture(scope="session")
def loaded_settings() -> dict[str, Any]:
    for name, value in CHEAP_PASSWORDS.items():
        os.environ.setdefault(name, value)
    try:
        return config.load(*SECTIONS)
    except config.MissingConfiguration as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture
def settings(loaded_settings: dict[str, Any], rabbit_config: dict[str, str]) -> dict[str, Any]:
    """The configuration of the services in this test; change it before they start."""
    return copy.deepcopy(loaded_settings) | {"AMQP_URI": rabbit_config["AMQP_URI"]}


@pytest.fixture(scope="session")
def databases(loaded_settings: dict[str, Any]) -> Iterator[Databases]:
    """Databases by section: `databases.empty("users")` returns an engine."""
    if not is_monkey_patched("socket"):
        pytest.exit("run these tests with `python -m nameko test`", returncode=2)
    make_psycopg_green()
    databases = Databases(loaded_settings)
    yield databases
    databases.close()


@pytest.fixture
def start(
    settings: dict[str, Any], databases: Databases, runner_factory: Callable[..., ServiceRunner]
) -> Callable[..., ServiceRunner]:
    """Run service classes on empty databases until the test ends: `start(UsersService)`."""

    def start(*services: type) -> ServiceRunner:
        databases.empty_for(services)
        runner = runner_factory(settings, *services)
        runner.start()
        return runner

    return start


@pytest.fixture
def until() -> Until:
    """Wait until a condition is true."""

    def until(condition: Callable[[], object]) -> None:
        with eventlet.Timeout(UNTIL_TIMEOUT, AssertionError("the condition did not become true")):
            while not condition():
                eventlet.sleep(0.02)

    return until


@pytest.fixture
def rpc(settings: dict[str, Any]) -> Iterator[Rpc]:
    """Call a service: `rpc("users.detail", Caller("gateway", user=...), id=...)`."""
    rpc = Rpc(settings)
    yield rpc
    rpc.close()


@pytest.fixture
def listen(settings: dict[str, Any]) -> Iterator[Listen]:
    """Receive the events of a service: `listen("users").next("account_changed")`."""
    listeners: list[EventListener] = []

    def listen(source: str) -> EventListener:
        listeners.append(EventListener(settings["AMQP_URI"], source))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.close()


@pytest.fixture
def redis(settings: dict[str, Any]) -> Iterator[Any]:
    with connection.connect(settings["redis_url"], decode_responses=True) as client:
        yield client
