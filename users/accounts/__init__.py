"""Accounts: registration, updates, channels, queries, administration, erasure."""
