"""Looks for what is wrong with an installation: `python -m chassis.commands.doctor users feeds`, for these services.

It prints a line for each finding with what to do about it, and ends with 1 if there was one. Run it where the variables
of those services are set. It changes nothing.
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
from chassis.db import migrations, outbox
from chassis.db.engine import create_engine
from chassis.events.topology import module_queues
from chassis.redis.connection import connect

PATIENCE = 5  # seconds for an answer
OLD = 60  # seconds after which an event should have left the outbox

Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do."""

    what: str
    remedy: str


Check = Callable[[], Iterator[Finding]]


def main() -> None:
    """Look at everything, also after a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="+")
    services: list[str] = parser.parse_args().services
    settings = config.load(*services)  # which ends here and says which variables are missing
    found = 0
    for title, check in checks(settings, services):
        findings = _findings(check)
        print(f"  {title:<30}{'' if findings else 'well'}")  # noqa: T201 - a command's output
        for finding in findings:
            print(f"    {finding.what}: {finding.remedy}")  # noqa: T201 - as above
        found += len(findings)
    if found:
        raise SystemExit(1)


def _findings(check: Check) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is a finding, too
        return [
            Finding(f"it cannot be looked at ({type(error).__name__})", "see its variables in docs/configuration.md")
        ]


def checks(settings: Settings, services: list[str]) -> Iterator[tuple[str, Check]]:
    """Yield what there is to look at, servers first."""
    yield "RabbitMQ", partial(broker, settings)
    yield "Redis", partial(cache, settings)
    for service in services:
        yield f"database of {service}", partial(database, settings, service)
        yield f"queues of {service}", partial(queues, settings, service)
    for service in settings["service_token_issuers"]:
        if service != "operator":
            yield f"service {service}", partial(answer, settings, service)


def broker(settings: Settings) -> Iterator[Finding]:
    """Sign in."""
    try:
        with Connection(settings["AMQP_URI"], connect_timeout=PATIENCE) as connection:
            connection.connect()
    except protocol.BROKER_ERRORS as error:
        yield Finding(f"it is away ({_said(error)})", "start it, or mend AMQP_URI")


def cache(settings: Settings) -> Iterator[Finding]:
    """Ask whether it is there."""
    try:
        with connect(settings["redis_url"]) as client:
            client.ping()
    except redis.RedisError as error:
        yield Finding(f"it is away ({_said(error)})", "start it, or mend REDIS_URL; until then nothing is cached")


def database(settings: Settings, service: str) -> Iterator[Finding]:
    """Compare its revision with the code's, and see whether events get away."""
    engine = create_engine(settings[service]["database"])
    newest = ScriptDirectory.from_config(migrations.alembic_config(service)).get_current_head()
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
        if revision != newest:
            remedy = f"python -m chassis.commands.migrate {service}"
            yield Finding(f"it is at revision {revision}, and the code wants {newest}", remedy)
            return
        with Session(engine) as session:
            depth, age = outbox.depth_and_age(session)
    except SQLAlchemyError as error:
        yield Finding(f"it is away ({_said(error)})", "start it, or mend its variables")
        return
    finally:
        engine.dispose()
    if age > OLD:
        remedy = "see the log of its processes: the broker is away, or nobody listens to one of them"
        yield Finding(f"{depth} events wait in the outbox, one of them for {age:.0f} s", remedy)


def queues(settings: Settings, service: str) -> Iterator[Finding]:
    """See whether each is there and somebody takes from it, and whether events are parked."""
    try:
        with Connection(settings["AMQP_URI"], connect_timeout=PATIENCE) as connection:
            for queue in module_queues(f"{service}.service", settings["retry"]["delays"]):
                yield from _queue(connection, service, queue.name)
    except protocol.BROKER_ERRORS:
        return  # that was found already


def _queue(connection: Any, service: str, name: str) -> Iterator[Finding]:
    try:
        with connection.channel() as channel:
            _, messages, consumers = channel.queue_declare(name, passive=True)
    except NotFound:
        yield Finding(f"{name} is not there", f"python -m chassis.commands.declare_queues {service}.service")
        return
    if name.startswith("parked.") and messages:
        handler = name.rpartition(".")[2]
        remedy = f'mend the cause, then n.rpc.{service}.replay_parked(handler="{handler}") in the shell'
        yield Finding(f"{messages} events are parked in {name}", remedy)
    if name.startswith("evt-") and not consumers:
        yield Finding(f"nobody takes from {name}", f"start {service}")


def answer(settings: Settings, service: str) -> Iterator[Finding]:
    """Call it."""
    try:
        ping(settings, service)
    except (NoAnswerError, *protocol.BROKER_ERRORS) as error:
        yield Finding(f"it does not answer ({_said(error)})", "is its process running? Its log says why not")


def _said(error: BaseException) -> str:
    """Name an error; what it says may hold a password."""
    return str(error) if isinstance(error, NoAnswerError) else type(error).__name__


if __name__ == "__main__":
    main()
