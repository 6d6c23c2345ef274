"""Migrations with alembic, safe beside a running system: they wait only seconds for a lock, and run one at a time."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import context, op
from alembic.config import Config

from chassis import config
from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.engine import WRITE, create_engine

_LOCK_KEY = 4_207_849_484  # an arbitrary number: the key of PostgreSQL's advisory lock


def alembic_config(section: str) -> Config:
    """Return alembic's configuration for the migrations in the package `section`."""
    settings = Config()
    settings.set_main_option("script_location", f"{section}:migrations")
    settings.attributes["section"] = section
    return settings


def run(*metadata: sa.MetaData, after: Callable[[sa.Connection], None] | None = None) -> None:
    """Migrate the database; each service's migrations/env.py calls this with the metadata of its models.

    `after` runs in the same transaction, also when there is nothing to migrate, unless the target is an older revision.
    """
    section = context.config.attributes["section"]
    settings = config.load(section)
    timeouts = settings["postgresql"] | settings["postgresql"]["migrations"]
    engine = create_engine(settings[section]["database"], timeouts=timeouts)
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        context.configure(connection, target_metadata=list(metadata), render_as_batch=True, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
            newest = context.get_head_revision() == context.get_context().get_current_revision()
            if after is not None and newest:
                after(connection)
    engine.dispose()


def create_chassis_tables() -> None:
    """Create the first version of the tables in chassis.db.tables; for a service's first migration."""
    op.create_table(
        "outbox",
        sa.Column("id", UuidText, primary_key=True),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("durable", sa.Boolean, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("request_id", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("leased_until", UtcDateTime, nullable=False),
    )
    op.create_index("outbox_leased_until", "outbox", ["leased_until"])
    op.create_table(
        "handled_requests",
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("handled_requests_created_at", "handled_requests", ["created_at"])


def add_traceparent() -> None:
    """Add the trace to the outbox; for the migration of a service whose first migration does not have it."""
    op.add_column("outbox", sa.Column("traceparent", sa.String(55)))


def add_event_log() -> None:
    """Add the tables of the reconciliation of events; for the migration of a service that does not have them."""
    position = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "event_log",
        sa.Column("position", position, primary_key=True, autoincrement=True),
        sa.Column("event_id", UuidText, nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("request_id", sa.String(100), nullable=False),
        sa.Column("traceparent", sa.String(55)),
        sa.Column("logged_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event_cursors",
        sa.Column("handler", sa.String(200), primary_key=True),
        sa.Column("position", position, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
    )
    op.create_table(
        "awaited_events",
        sa.Column("handler", sa.String(200), primary_key=True),
        sa.Column("event_id", UuidText, primary_key=True),
        sa.Column("position", position),
        sa.Column("check_after", UtcDateTime, nullable=False),
    )
    op.create_index("awaited_events_check_after", "awaited_events", ["handler", "check_after"])
