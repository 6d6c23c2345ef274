"""The chassis' own tables; the database of every service with an outbox or idempotency keys has them."""

from sqlalchemy import JSON, Boolean, Column, Index, MetaData, String, Table, Text

from chassis.db.columns import UtcDateTime, UuidText

METADATA = MetaData()

# Events that are committed and that the broker has not confirmed yet.
outbox = Table(
    "outbox",
    METADATA,
    Column("id", UuidText, primary_key=True),
    Column("type", String(100), nullable=False),
    Column("durable", Boolean, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("request_id", String(100), nullable=False),
    Column("traceparent", String(55)),
    Column("created_at", UtcDateTime, nullable=False),
    # Until this time only the process that wrote the row publishes it; then any process may.
    Column("leased_until", UtcDateTime, nullable=False),
    Index("outbox_leased_until", "leased_until"),
)

# The replies to writes with an idempotency key, for repeated requests.
handled_requests = Table(
    "handled_requests",
    METADATA,
    Column("key", String(300), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("reply", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("handled_requests_created_at", "created_at"),
)
