"""Fixtures: RabbitMQ with a virtual host for each test (Nameko's `rabbit_config`), and a SQLite database in a file."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.runners import ServiceRunner
from nameko.testing.utils import get_container

from chassis import config
from chassis.db.engine import create_engine
from chassis.db.tables import METADATA
from orders.models import Base
from orders.service import InvoicesService, OrdersService, WarehouseService
from tests.integration.conftest import (  # noqa: F401 - pytest finds fixtures by name
    pytest_configure,
    rpc,
    until,
    vhost_pipeline,
)
from tests.integration.support.example import EXAMPLES, ExampleProcesses


@pytest.fixture(scope="session")
def loaded_settings() -> dict[str, Any]:
    return config.load("orders", path=EXAMPLES / "config.yml")


@pytest.fixture
def settings(loaded_settings: dict[str, Any], rabbit_config: dict[str, str], tmp_path: Path) -> dict[str, Any]:
    """The settings of the example with this test's virtual host and database."""
    settings = copy.deepcopy(loaded_settings) | {"AMQP_URI": rabbit_config["AMQP_URI"]}
    settings["orders"]["database"]["url"] = f"sqlite:///{tmp_path}/test.sqlite3"
    return settings


@pytest.fixture
def runner(settings: dict[str, Any], runner_factory: Callable[..., ServiceRunner]) -> ServiceRunner:
    """Runs all services in this process."""
    engine = create_engine(settings["orders"]["database"])
    for metadata in (Base.metadata, METADATA):
        metadata.create_all(engine)
    engine.dispose()
    runner: ServiceRunner = runner_factory(settings, OrdersService, InvoicesService, WarehouseService)
    runner.start()
    return runner


@pytest.fixture
def invoices(runner: ServiceRunner) -> ServiceContainer:
    """The container of the invoices service."""
    return get_container(runner, InvoicesService)


@pytest.fixture
def warehouse(runner: ServiceRunner) -> ServiceContainer:
    """The container of the warehouse service."""
    return get_container(runner, WarehouseService)


@pytest.fixture
def processes(
    settings: dict[str, Any],
    tmp_path: Path,
    until: Callable[..., None],  # noqa: F811 - the fixture
) -> Iterator[ExampleProcesses]:
    """Run all services in processes of their own, as in production: `processes.start()`."""
    processes = ExampleProcesses(tmp_path, settings["AMQP_URI"], until)
    yield processes
    processes.kill()
