"""The roles and databases in the private PostgreSQL cluster."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812  psycopg2 names its class in small letters

from docker.dev.servers import postgresql
from docker.dev.state import State

# Their services keep a file unless somebody says otherwise. These are for whoever does: the tests, above all.
_SPARE = ("feeds", "notifications")


@dataclass(frozen=True)
class Database:
    """A database and the role that owns it."""

    name: str
    role: str
    password: str

    def url(self, state: State) -> str:
        """Return its address, as SQLAlchemy takes it."""
        place = f"127.0.0.1:{state.ports[postgresql.NAME]}/{self.name}"
        return f"postgresql+psycopg2://{self.role}:{self.password}@{place}"


def named(environment: Mapping[str, str], prefix: str) -> Database:
    """Return the one that the variables `<prefix>_…` name."""
    return Database(*(environment[f"{prefix}_{part}"] for part in ("DB", "USER", "PASSWORD")))


def spare(state: State) -> dict[str, Database]:
    """Return those that nothing but a variable keeps a service from using, by the service."""
    return {one: Database(f"{one}_db", f"{one}_user", state.secret(f"{one}_postgres")) for one in _SPARE}


def create(state: State, databases: Iterable[Database]) -> None:
    """Create what is missing, and set each password again: the one in the environment counts."""
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=state.ports[postgresql.NAME],
        user=postgresql.SUPERUSER,
        password=state.secret(postgresql.NAME),
        dbname="postgres",
        connect_timeout=5,
    )
    connection.autocommit = True
    try:
        for database in databases:
            _create(connection, database)
    finally:
        connection.close()


def _create(connection: Connection, database: Database) -> None:
    role, name = sql.Identifier(database.role), sql.Identifier(database.name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (database.role,))
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
        cursor.execute(statement.format(sql.SQL(verb), role, sql.Literal(database.password)))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database.name,))
        if not cursor.fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            cursor.execute(statement.format(name, role))
            # Everybody may connect to a new database by default; roles of other services must not.
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
