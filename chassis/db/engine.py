"""SQLAlchemy engines for PostgreSQL and SQLite under green threads, from a `database` section of config.yml."""

import sqlite3
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.exc import DisconnectionError

WRITE = "baraza_write"  # execution option of transactions that write
LOCK_WAIT = 5  # seconds: for SQLite's lock, and for a connection of the pool
IDLE_TIME = 5  # seconds after which a pooled connection is tested before use
_LAST_USED = "baraza_used"  # key of a pooled connection's info

# What PostgreSQL assumes that a random page costs, compared with one in a sequence: indexes are in memory or on an SSD.
# Its default of 4 is for hard disks. With that it read all users to find a thousand who were active.
PAGE_COST = 1.1

BUSY_WAIT = 0.05  # seconds that a statement waits for SQLite's lock inside a C call, which blocks the process
BUSY_PAUSE = 0.005  # seconds between attempts to begin a write

_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {LOCK_WAIT * 1000}",  # for the next one
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a write that was confirmed to the caller survives a power failure
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_WAIT * 1000:.0f}",
)


def database_url(database: dict[str, Any]) -> URL:
    """Return the `url` of the section, or the URL of its parts."""
    return make_url(database["url"]) if "url" in database else URL.create(**database)


def engine_options(url: URL, pool_size: int, timeouts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the options of `create_engine`.

    SQLite gets a single connection, for which greenlets queue: waiting for a lock inside a C call would block the whole
    process. `hide_parameters` keeps values out of error messages. `timeouts` is the `postgresql` section; without it
    the server's timeouts apply.
    """
    common: dict[str, Any] = {"hide_parameters": True, "pool_timeout": LOCK_WAIT}
    if url.get_backend_name() == "sqlite":
        return common | {"pool_size": 1, "max_overflow": 0}
    return common | {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_use_lifo": True,  # reuses the most recent connections, so that the others can expire
        "connect_args": _connect_args(timeouts),
    }


def tune(engine: Engine) -> Engine:
    """Add the event listeners for SQLite's connections and transactions, or for PostgreSQL's idle connections."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        _use_plain_savepoints(engine.dialect)
    else:
        event.listen(engine, "checkin", _on_checkin)
        event.listen(engine, "checkout", partial(_on_checkout, engine))
        _reset_isolation_locally(engine.dialect)
    return engine


def create_engine(database: dict[str, Any], pool_size: int = 5, *, timeouts: Mapping[str, int] | None = None) -> Engine:
    """Return a tuned engine for a `database` section; `timeouts` is the `postgresql` section."""
    url = database_url(database)
    return tune(sqlalchemy_engine(url, **engine_options(url, pool_size, timeouts)))


def _connect_args(timeouts: Mapping[str, int] | None) -> dict[str, Any]:
    """Return libpq's parameters; `timeouts` in seconds.

    Both ends look for a dead peer: the client, because a query would wait forever, and the server, because the
    transaction of a client that vanished would hold its locks. The server also ends a transaction whose client does
    nothing, such as a stopped process.
    """
    common = {"application_name": "baraza"}
    if timeouts is None:
        return common | {"options": "-c timezone=UTC"}
    tcp = timeouts["tcp"]
    interval = max(1, tcp // 5)  # seconds between the three probes after `idle` seconds of silence
    idle = max(1, tcp - 3 * interval)
    settings = {
        "timezone": "UTC",
        "lock_timeout": f"{timeouts['lock']}s",
        "statement_timeout": f"{timeouts['statement']}s",
        "idle_in_transaction_session_timeout": f"{timeouts['idle_in_transaction']}s",
        "tcp_keepalives_idle": idle,
        "tcp_keepalives_interval": interval,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": f"{tcp}s",
        "random_page_cost": PAGE_COST,
    }
    return common | {
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        "connect_timeout": timeouts["connect"],
        "keepalives": 1,
        "keepalives_idle": idle,
        "keepalives_interval": interval,
        "keepalives_count": 3,
        "tcp_user_timeout": tcp * 1000,  # milliseconds
    }


def _on_checkin(_connection: Any, record: Any) -> None:
    record.info[_LAST_USED] = time.monotonic()


def _on_checkout(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """Test a connection that was idle for IDLE_TIME; testing it before every use would cost a round trip."""
    idle = time.monotonic() - record.info.get(_LAST_USED, time.monotonic())
    if idle < IDLE_TIME and not connection.closed:
        return
    try:
        engine.dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError from error  # the pool then opens a new connection


def _reset_isolation_locally(dialect: Any) -> None:
    """Reset the isolation level of connections without a round trip.

    SQLAlchemy names the default level instead. psycopg2 then sends a statement after each read in autocommit.
    """

    def reset_or_close(connection: Any) -> None:
        """Reset a connection; one that was lost is closed, because the pool would lose it."""
        try:
            connection.set_session(isolation_level="DEFAULT", autocommit=False)
        except dialect.loaded_dbapi.Error:
            connection.close()

    dialect.reset_isolation_level = reset_or_close


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # _on_sqlite_begin begins transactions
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)


def _on_sqlite_begin(connection: Connection) -> None:
    """Acquire the write lock at the start of a write: upgrading a read lock later fails under contention.

    Between the attempts other greenlets run: one of them may hold the lock, by another connection of this process.
    """
    if not connection.get_execution_options().get(WRITE):
        connection.exec_driver_sql("BEGIN")
        return
    deadline = time.monotonic() + LOCK_WAIT
    while not _begin_write(connection) and time.monotonic() < deadline:
        time.sleep(BUSY_PAUSE)
    if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr] # it is connected
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises the error


def _use_plain_savepoints(dialect: Any) -> None:
    """Run the statements of savepoints as they are: SQLAlchemy compiles each anew, which costs more than running it."""
    dialect.do_savepoint = partial(_run_on, "SAVEPOINT")
    dialect.do_rollback_to_savepoint = partial(_run_on, "ROLLBACK TO SAVEPOINT")
    dialect.do_release_savepoint = partial(_run_on, "RELEASE SAVEPOINT")


def _run_on(statement: str, connection: Connection, savepoint: str) -> None:
    connection.exec_driver_sql(f"{statement} {savepoint}")


def _begin_write(connection: Connection) -> bool:
    """Begin a write; return False if another one has the lock."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode != sqlite3.SQLITE_BUSY
    return True
