"""The databases: their names, their creation in the private PostgreSQL cluster, and checks of all servers."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg2
from kombu.connection import Connection
from psycopg2 import sql
from redis import Redis

from dev.machine.state import State
from dev.servers.server import LOCALHOST

SUPERUSER = "postgres"
# Prefixes of the variables of the services that need PostgreSQL, with the default names of database and role.
PREFIXES = {"POSTGRES": ("user_db", "user_user"), "GATEWAY_POSTGRES": ("gateway_db", "gateway_user")}
# These services use an SQLite file by default. They have a database for the tests and for TOPOLOGY=scale.
SPARE = ("feeds", "notifications")


def spare_uri(state: State, service: str) -> str:
    """Return the SQLAlchemy URI of a spare database."""
    address = f"{LOCALHOST}:{state.ports['postgresql']}"
    return f"postgresql+psycopg2://{service}_user:{state.secret(f'{service}_postgres')}@{address}/{service}_db"


def create_databases(state: State, environment: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Create the roles and databases that are missing, and set all passwords again."""
    wanted = [(f"{one}_db", f"{one}_user", state.secret(f"{one}_postgres")) for one in SPARE]
    for prefix in PREFIXES:
        if not given.get(f"{prefix}_HOST"):
            name, role, password = (environment[f"{prefix}_{part}"] for part in ("DB", "USER", "PASSWORD"))
            wanted.append((name, role, password))
    with closing(
        _connect(LOCALHOST, state.ports["postgresql"], "postgres", SUPERUSER, state.secret("postgresql"))
    ) as connection:
        connection.autocommit = True
        for name, role, password in wanted:
            _create(connection.cursor(), name, role, password)


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
