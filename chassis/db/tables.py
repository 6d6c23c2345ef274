"""The chassis' own tables; the database of every service with an outbox or idempotency keys has them."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

from chassis.db.columns import UtcDateTime, UuidText

METADATA = MetaData()
Position = BigInteger().with_variant(Integer, "sqlite")  # SQLite autoincrements only INTEGER

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

# Durable events that the broker has confirmed, for consumers that did not receive them.
event_log = Table(
    "event_log",
    METADATA,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("event_id", UuidText, nullable=False),
    Column("type", String(100), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("request_id", String(100), nullable=False),
    Column("traceparent", String(55)),
    Column("logged_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # otherwise SQLite would use the positions of deleted rows again
)

# How far each event handler of this service has compared the log of its source with what it handled.
event_cursors = Table(
    "event_cursors",
    METADATA,
    Column("handler", String(200), primary_key=True),  # the name of its queue
    Column("position", Position, nullable=False, autoincrement=False),
    Column("since", UtcDateTime, nullable=False),  # when the handler first ran: older events do not concern it
)

# Events of the log that a handler has not handled yet. Without a position: it has, and the log was not read so far.
awaited_events = Table(
    "awaited_events",
    METADATA,
    Column("handler", String(200), primary_key=True),
    Column("event_id", UuidText, primary_key=True),
    Column("position", Position, autoincrement=False),
    Column("check_after", UtcDateTime, nullable=False),  # if it is still here then, it is fetched from the source
    Index("awaited_events_check_after", "handler", "check_after"),
)
