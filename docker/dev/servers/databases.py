"""The roles and databases in the private PostgreSQL cluster."""

from collections.abc import Mapping

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812  psycopg2 names its class in small letters

from docker.dev.servers import postgresql
from docker.dev.state import State


def create(state: State, environment: Mapping[str, str], prefixes: tuple[str, ...]) -> None:
    """Create what is missing, and set each password again: the one in the environment counts."""
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=state.ports["postgresql"],
        user=postgresql.SUPERUSER,
        password=state.secret(postgresql.NAME),
        dbname="postgres",
        connect_timeout=5,
    )
    connection.autocommit = True
    try:
        for prefix in prefixes:
            names = (environment[f"{prefix}_{part}"] for part in ("DB", "USER", "PASSWORD"))
            _create(connection, *names)
    finally:
        connection.close()


def _create(connection: Connection, database: str, role: str, password: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
        cursor.execute(statement.format(sql.SQL(verb), sql.Identifier(role), sql.Literal(password)))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
        if not cursor.fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            cursor.execute(statement.format(sql.Identifier(database), sql.Identifier(role)))
            # Everybody may connect to a new database by default; roles of other services must not.
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
