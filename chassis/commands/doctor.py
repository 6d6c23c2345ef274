"""Checks an installation: `python -m chassis.commands.doctor orders invoices`, for the databases of these services.

It prints each problem with what to do about it, and exits with 1 if there is one. It changes nothing. Run it where the
variables of these services are set.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from amqp.exceptions import NotFound
from kombu import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import config
from chassis.amqp import protocol
from chassis.commands.ping import NoAnswerError, ping
from chassis.db import migrations
from chassis.db.engine import create_engine
from chassis.db.outbox import store
from chassis.events.topology import module_queues
from chassis.redis.connection import connect

TIMEOUT = 5  # seconds
MAX_OUTBOX_AGE = 60  # seconds

Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do."""

    description: str
    remedy: str


Check = Callable[[], Iterator[Problem]]


def main() -> None:
    """Run all checks, also after a problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="+")
    services: list[str] = parser.parse_args().services
    settings = config.load(*services)  # exits with the names of missing variables
    failed = False
    for title, check in checks(settings, services):
        problems = _run(check)
        print(f"  {title:<30}{'' if problems else 'ok'}")  # noqa: T201 - a command's output
        for problem in problems:
            print(f"    {problem.description}: {problem.remedy}")  # noqa: T201 - as above
            failed = True
    if failed:
        raise SystemExit(1)


def _run(check: Check) -> list[Problem]:
    try:
        return list(check())
    except Exception as error:  # noqa: BLE001 - an unexpected error is a problem too
        description = f"the check failed ({type(error).__name__})"
        return [Problem(description, "see its variables in docs/configuration.md")]


def checks(settings: Settings, services: list[str]) -> Iterator[tuple[str, Check]]:
    """Yield the titles and the checks, servers first."""
    yield "RabbitMQ", partial(rabbitmq, settings)
    yield "Redis", partial(redis_server, settings)
    for service in services:
        yield f"database of {service}", partial(database, settings, service)
        yield f"queues of {service}", partial(queues, settings, service)
    for service in settings["service_token_issuers"]:
        if service != "operator":
            yield f"service {service}", partial(reply, settings, service)


def rabbitmq(settings: Settings) -> Iterator[Problem]:
    """Connect with the credentials of AMQP_URI."""
    try:
        with Connection(settings["AMQP_URI"], connect_timeout=TIMEOUT) as connection:
            connection.connect()
    except protocol.BROKER_ERRORS as error:
        yield Problem(f"it is unavailable ({_name(error)})", "start it, or correct AMQP_URI")


def redis_server(settings: Settings) -> Iterator[Problem]:
    """Send a PING."""
    try:
        with connect(settings["redis_url"]) as client:
            client.ping()
    except redis.RedisError as error:
        remedy = "start it, or correct REDIS_URL; until then nothing is cached"
        yield Problem(f"it is unavailable ({_name(error)})", remedy)


def database(settings: Settings, service: str) -> Iterator[Problem]:
    """Compare the revision of the database with that of the code, and the age of the outbox with MAX_OUTBOX_AGE."""
    engine = create_engine(settings[service]["database"], timeouts=settings["postgresql"])
    newest = ScriptDirectory.from_config(migrations.alembic_config(service)).get_current_head()
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
        if revision != newest:
            remedy = f"python -m chassis.commands.migrate {service}"
            yield Problem(f"it is at revision {revision}, and the code needs {newest}", remedy)
            return
        with Session(engine) as session:
            depth, age = store.depth_and_age(session)
    except SQLAlchemyError as error:
        yield Problem(f"it is unavailable ({_name(error)})", "start it, or correct its variables")
        return
    finally:
        engine.dispose()
    if age > MAX_OUTBOX_AGE:
        remedy = "see the log of its processes: the broker is unavailable, or an event has no queue"
        yield Problem(f"{depth} events wait in the outbox, one of them for {age:.0f} s", remedy)


def queues(settings: Settings, service: str) -> Iterator[Problem]:
    """Check that each queue exists and has a consumer, and that no events are parked."""
    try:
        with Connection(settings["AMQP_URI"], connect_timeout=TIMEOUT) as connection:
            for queue in module_queues(f"{service}.service", settings["retry"]["delays"]):
                yield from _queue(connection, service, queue.name)
    except protocol.BROKER_ERRORS:
        return  # the check of RabbitMQ reports it


def _queue(connection: Any, service: str, name: str) -> Iterator[Problem]:
    try:
        with connection.channel() as channel:
            _, messages, consumers = channel.queue_declare(name, passive=True)
    except NotFound:
        yield Problem(f"{name} does not exist", f"python -m chassis.commands.declare_queues {service}.service")
        return
    if name.startswith("parked.") and messages:
        handler = name.rpartition(".")[2]
        remedy = f'correct the cause, then n.rpc.{service}.replay_parked(handler="{handler}") in the shell'
        yield Problem(f"{messages} events are parked in {name}", remedy)
    if name.startswith("evt-") and not consumers:
        yield Problem(f"no process consumes from {name}", f"start {service}")


def reply(settings: Settings, service: str) -> Iterator[Problem]:
    """Call `ping`."""
    try:
        ping(settings, service)
    except (NoAnswerError, *protocol.BROKER_ERRORS) as error:
        yield Problem(f"it does not reply ({_name(error)})", "is its process running? See its log")


def _name(error: BaseException) -> str:
    """Name an error without its text, which may contain a password."""
    return str(error) if isinstance(error, NoAnswerError) else type(error).__name__


if __name__ == "__main__":
    main()
