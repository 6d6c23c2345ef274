"""Databases: engines, transactions, migrations, the outbox and its relay, idempotent writes."""
