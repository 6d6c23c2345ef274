"""The databases in the private PostgreSQL cluster, and checks of all servers."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg2
from kombu.connection import Connection
from psycopg2 import sql
from redis import Redis
from sqlalchemy import make_url

from dev.machine.state import State
from dev.servers import LOCALHOST

SUPERUSER = "postgres"
PREFIXES = ("POSTGRES", "GATEWAY_POSTGRES")  # of the variables of the services that need PostgreSQL
_SPARE = ("BARAZA_FEEDS_POSTGRESQL", "BARAZA_NOTIFICATIONS_POSTGRESQL")


def create_databases(state: State, environment: Mapping[str, str]) -> None:
    """Create the roles and databases that are missing, and set all passwords again."""
    port = str(state.ports["postgresql"])
    uris = [make_url(environment[name]) for name in _SPARE]
    wanted: list[Any] = [(uri.database, uri.username, uri.password) for uri in uris]
    private = [prefix for prefix in PREFIXES if environment.get(f"{prefix}_PORT") == port]
    wanted += [[environment[f"{prefix}_{part}"] for part in ("DB", "USER", "PASSWORD")] for prefix in private]
    superuser = (LOCALHOST, port, "postgres", SUPERUSER, state.secret("postgresql"))
    with closing(_connect(*superuser)) as connection:
        connection.autocommit = True
        for name, role, password in wanted:
            _create(connection.cursor(), name, role, password)
        for prefix in private[:1]:  # the exporter of `make monitor` connects as this role, and reads all sizes
            role = sql.Identifier(environment[f"{prefix}_USER"])
            connection.cursor().execute(sql.SQL("GRANT pg_monitor TO {role}").format(role=role))


def _create(cursor: psycopg2.extensions.cursor, name: str, role: str, password: str) -> None:
    names = {"role": sql.Identifier(role), "name": sql.Identifier(name), "password": sql.Literal(password)}
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    cursor.execute(sql.SQL(f"{verb} ROLE {{role}} LOGIN PASSWORD {{password}}").format(**names))
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    if not cursor.fetchone():
        cursor.execute(sql.SQL("CREATE DATABASE {name} OWNER {role}").format(**names))
        # By default every role may connect to a new database; the roles of other services must not.
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {name} FROM PUBLIC").format(**names))


def _connect(host: Any, port: Any, name: Any, user: Any, password: Any) -> psycopg2.extensions.connection:
    return psycopg2.connect(host=host, port=port, dbname=name, user=user, password=password, connect_timeout=3)


def check_database(environment: Mapping[str, str], prefix: str) -> None:
    """Connect to the database that the variables `<prefix>_…` name; raise if it does not answer."""
    parts = ("HOST", "PORT", "DB", "USER", "PASSWORD")
    _connect(*(environment.get(f"{prefix}_{part}") for part in parts)).close()


def check_rabbitmq(environment: Mapping[str, str]) -> None:
    """Connect to RabbitMQ's virtual host; raise if it does not answer."""
    with Connection(environment["AMQP_URI"], connect_timeout=3) as connection:
        connection.connect()


def check_redis(environment: Mapping[str, str]) -> None:
    """Send PING to Redis; raise if it does not answer."""
    with Redis.from_url(environment["REDIS_URL"], socket_timeout=3) as client:
        client.ping()
