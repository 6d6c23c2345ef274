"""SQLAlchemy engines from a `database` section of config.yml: PostgreSQL or SQLite, tuned for green threads."""

import time
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.exc import DisconnectionError

WRITE = "baraza_write"  # execution option: this transaction will write
LOCK_WAIT = 5  # seconds
IDLE = 5  # seconds
USED = "baraza_used"  # key of a pooled connection's info

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an answered write survives a power cut
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {LOCK_WAIT * 1000}",
)


def database_url(database: dict[str, Any]) -> URL:
    """Take `url` as it stands, or put one together from its parts."""
    return make_url(database["url"]) if "url" in database else URL.create(**database)


def engine_options(url: URL, pool_size: int) -> dict[str, Any]:
    """Return what `create_engine` needs.

    SQLite gets a single connection: greenlets queue for it instead of waiting inside a C call for each other's
    locks, which would stop the whole process. Parameters stay out of error messages everywhere.
    """
    common: dict[str, Any] = {"hide_parameters": True, "pool_timeout": LOCK_WAIT}
    if url.get_backend_name() == "sqlite":
        return common | {"pool_size": 1, "max_overflow": 0}
    limits = f"-c lock_timeout={LOCK_WAIT}s -c statement_timeout=30s -c timezone=UTC"
    connect = {"connect_timeout": 3, "options": limits, "application_name": "baraza", "keepalives_idle": 30}
    return common | {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_use_lifo": True,  # few warm connections instead of many cold ones
        "connect_args": connect,
    }


def tune(engine: Engine) -> Engine:
    """Set up SQLite's connections and transactions, and look after PostgreSQL's idle connections."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    else:
        event.listen(engine, "checkin", _on_checkin)
        event.listen(engine, "checkout", partial(_on_checkout, engine))
    return engine


def create_engine(database: dict[str, Any], pool_size: int = 5) -> Engine:
    """Return a tuned engine for a `database` section."""
    url = database_url(database)
    return tune(sqlalchemy_engine(url, **engine_options(url, pool_size)))


def _on_checkin(_connection: Any, record: Any) -> None:
    record.info[USED] = time.monotonic()


def _on_checkout(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """Try a connection that was idle for a while before it is used; to try it each time would cost a round trip."""
    idle = time.monotonic() - record.info.get(USED, time.monotonic())
    if idle < IDLE:
        return
    try:
        engine.dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError from error  # the pool makes a new connection instead


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)


def _on_sqlite_begin(connection: Connection) -> None:
    """Take the write lock at once where a write will come: upgrading a read lock later fails under contention."""
    writes = connection.get_execution_options().get(WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
