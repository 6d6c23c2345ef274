"""The chassis with the services of sample_service.py, a real broker and database, and connections that can be cut."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, func, select

from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.db.engine import WRITE, create_engine
from chassis.db.outbox import relay
from chassis.db.tables import METADATA
from chassis.ids import new_id
from orders.models import Base
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders, succeed
from tests.integration.conftest import Settings
from tests.integration.support.databases import Databases
from tests.integration.support.tcp_proxy import TcpProxy

# For tests whose result does not depend on the database.
ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

STOP_TIMEOUT = 15  # seconds

Start = Callable[..., ServiceRunner]
PublishEvent = Callable[..., str]
Headers = Callable[..., dict[str, Any]]

ADA = Caller("gateway", user="id-of-ada", username="ada")
ORDER_ID = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"


@pytest.fixture(autouse=True)
def short_waits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with the sample services and short waits; nothing recorded by the test before."""
    settings["service_token_issuers"] += [SampleOrders.name, SampleInvoices.name, "shop"]
    settings["retry"]["delays"] = [1, 1]
    monkeypatch.setattr(SampleOrders, "callers", [])
    monkeypatch.setattr(SampleOrders, "pause", None)
    monkeypatch.setattr(SampleInvoices, "received", [])
    monkeypatch.setattr(SampleInvoices, "handle", succeed, raising=False)
    monkeypatch.setattr(relay, "SWEEP_INTERVAL", 0.2)


@pytest.fixture(autouse=True)
def database(settings: Settings, tmp_path: Path) -> Iterator[Engine]:
    """The orders service's database in an SQLite file, with empty tables."""
    settings["orders"] = {"database": {"url": f"sqlite:///{tmp_path}/orders.sqlite3"}}
    engine = create_engine(settings["orders"]["database"]).execution_options(**{WRITE: True})
    for metadata in (Base.metadata, METADATA):
        metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, settings: Settings, database: Engine, databases: Databases
) -> Iterator[Engine]:
    """The database of the sample services, on PostgreSQL in the database of another service."""
    if request.param == "sqlite":
        yield database
        return
    engine = databases.empty("users")
    settings["orders"] = {"database": settings["users"]["database"]}
    Base.metadata.create_all(engine)
    yield engine
    databases.empty("users")
    Base.metadata.drop_all(engine)


@pytest.fixture
def order_count(database: Engine) -> Callable[[], int]:
    """Count the orders that were stored."""

    def order_count() -> int:
        with database.connect().execution_options(**{WRITE: False}) as connection:
            return int(connection.scalar(select(func.count()).select_from(Base.metadata.tables["orders"])) or 0)

    return order_count


@pytest.fixture
def start(settings: Settings, runner_factory: Callable[..., ServiceRunner]) -> Start:
    """Run service classes until the test ends: `start(SampleOrders)`."""

    def start(*services: type) -> ServiceRunner:
        runner = runner_factory(settings, *services)
        runner.start()
        return runner

    return start


@pytest.fixture
def raw_client(settings: Settings) -> Iterator[RawAmqpClient]:
    with RawAmqpClient(settings["AMQP_URI"]) as raw_client:
        yield raw_client


@pytest.fixture
def broker_proxy(settings: Settings) -> Iterator[TcpProxy]:
    proxy = TcpProxy(settings["AMQP_URI"])
    yield proxy
    proxy.close()


@pytest.fixture
def relay_proxy(broker_proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> TcpProxy:
    """A proxy that only the outbox relays use."""
    monkeypatch.setattr(relay, "BatchPublisher", lambda _uri, *rest: BatchPublisher(broker_proxy.uri, *rest))
    return broker_proxy


@pytest.fixture
def start_behind_proxy(
    broker_proxy: TcpProxy, settings: Settings, runner_factory: Callable[..., ServiceRunner]
) -> Iterator[Start]:
    """Run service classes whose connections to the broker all go through `broker_proxy`."""
    runners: list[ServiceRunner] = []

    def start_behind_proxy(*services: type) -> ServiceRunner:
        runners.append(runner_factory(settings | {"AMQP_URI": broker_proxy.uri}, *services))
        runners[-1].start()
        return runners[-1]

    yield start_behind_proxy
    broker_proxy.restore()
    with eventlet.Timeout(STOP_TIMEOUT):
        for runner in runners:
            runner.kill()


@pytest.fixture
def publish_event(settings: Settings) -> Iterator[PublishEvent]:
    """Publish OrderPlaced as the orders service does; returns the event's id."""
    publisher = BatchPublisher(settings["AMQP_URI"], settings["HEARTBEAT"], "orders", keyring.from_config(settings))

    def publish_event(quantity: object, request_id: str = "r-1") -> str:
        payload = {"order_id": ORDER_ID, "item": "tea", "quantity": quantity}
        envelope = Envelope(new_id(), "order_placed", durable=True, payload=payload, request_id=request_id)
        assert publisher.publish([envelope]) == {envelope.id}
        return envelope.id

    yield publish_event
    publisher.close()


@pytest.fixture
def headers(settings: Settings) -> Headers:
    """Build the headers of a valid call to the orders service; arguments replace, add or, if None, remove headers."""

    def headers(**changed: object) -> dict[str, Any]:
        key = keyring.from_config(settings).signing(ADA.service)
        values = {"auth_token": tokens.issue(ADA, "orders", key)} | changed
        return {"application_headers": {f"nameko.{name}": value for name, value in values.items() if value is not None}}

    return headers
