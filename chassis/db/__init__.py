"""Databases: engines, transactions, migrations, the outbox, idempotency keys."""
