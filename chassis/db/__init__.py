"""Databases: engines, transactions, migrations, the outbox and its relay, idempotency keys."""
