"""Migrations: `python -m chassis.commands.migrate users feeds` brings those databases to the newest revision.

Polite to a running system: they wait for a lock for seconds only, and two of them at a time take turns.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import context, op
from alembic.config import Config

from chassis import config
from chassis.db.columns import UtcDateTime, UuidText
from chassis.db.engine import WRITE, create_engine

_TURNS = 4_207_849_484  # any number, the same for all: the key of PostgreSQL's advisory lock


def alembic_config(section: str) -> Config:
    """Return alembic's configuration for a service, as the alembic command line would read it from a file."""
    settings = Config()
    settings.set_main_option("script_location", f"{section}:migrations")
    settings.attributes["section"] = section
    return settings


def run(*metadata: sa.MetaData, after: Callable[[sa.Connection], None] | None = None) -> None:
    """Migrate; called by each service's migrations/env.py with the tables that the models describe.

    `after` runs in the same transaction, each time, also when there is nothing to migrate; not where somebody stops at
    an older revision, whose tables are not as it expects.
    """
    section = context.config.attributes["section"]
    engine = create_engine(config.load(section)[section]["database"])
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURNS})
        context.configure(connection, target_metadata=list(metadata), render_as_batch=True, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
            newest = context.get_head_revision() == context.get_context().get_current_revision()
            if after is not None and newest:
                after(connection)
    engine.dispose()


def create_chassis_tables() -> None:
    """Create what chassis.tables describes, as of its first revision; for a service's first migration."""
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
    """Let events belong to traces; for the migration of a service that came before this."""
    op.add_column("outbox", sa.Column("traceparent", sa.String(55)))
