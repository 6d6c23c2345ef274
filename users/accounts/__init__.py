"""Accounts: registration, updates, erasure, administration."""
