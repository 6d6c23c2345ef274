"""Real servers for tests of services: RabbitMQ, PostgreSQL or SQLite, Redis, as the environment names them.

Run with `python -m nameko test tests/integration`, which patches before pytest is imported; the services run in
this process, in the same green world as in production. Every test gets a RabbitMQ virtual host of its own (Nameko's
fixture `rabbit_config`) and empty databases. Redis is not emptied: its keys hold ids and hashes that no other test
has. BARAZA_RABBITMQ_MANAGEMENT is the management API's address with its credentials.
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
from tests.integration.support.events import Listen, EventListener
from tests.integration.support.rpc import Rpc

Settings = dict[str, Any]
Start = Callable[..., ServiceRunner]

SECTIONS = ("users", "feeds", "notifications", "gateway")
PATIENCE = 15  # seconds
# Real argon2id, only cheap: tests ask for hundreds of hashes.
CHEAP_PASSWORDS = {"PASSWORD_TIME_COST": "1", "PASSWORD_MEMORY_COST": "64"}


def pytest_configure(config: pytest.Config) -> None:
    """Tell Nameko's own fixtures where the broker is."""
    config.option.RABBIT_AMQP_URI = os.environ.get("AMQP_URI", config.option.RABBIT_AMQP_URI)
    config.option.RABBIT_API_URI = os.environ.get("BARAZA_RABBITMQ_MANAGEMENT", config.option.RABBIT_API_URI)


@pytest.fixture(scope="session")
def vhost_pipeline(rabbit_manager: Any) -> Iterator[Any]:
    """Make virtual hosts ahead, as Nameko's own fixture of this name does.

    That one names them by `random`, which hypothesis seeds anew and anew: two tests would share a host.
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
    """config.yml as the services of this test will see it; change it before they start."""
    return copy.deepcopy(loaded_settings) | {"AMQP_URI": rabbit_config["AMQP_URI"]}


@pytest.fixture(scope="session")
def databases(loaded_settings: dict[str, Any]) -> Iterator[Databases]:
    """Databases by section, migrated when first asked for: `databases.empty("users")` returns an engine."""
    if not is_monkey_patched("socket"):
        pytest.exit("services are tested under `python -m nameko test`", returncode=2)
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
def until() -> Callable[[Callable[[], object]], None]:
    """Wait for a fact."""

    def until(fact: Callable[[], object]) -> None:
        with eventlet.Timeout(PATIENCE, AssertionError("it did not come true")):
            while not fact():
                eventlet.sleep(0.02)

    return until


@pytest.fixture
def rpc(settings: dict[str, Any]) -> Iterator[Rpc]:
    """Call over the wire: `rpc("users.detail", Caller("gateway", user=...), id=...)`."""
    rpc = Rpc(settings)
    yield rpc
    rpc.close()


@pytest.fixture
def listen(settings: dict[str, Any]) -> Iterator[Listen]:
    """Hear a service's events from now on: `listen("users").next("account_changed")`."""
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
