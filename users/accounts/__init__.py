"""Accounts: their rows, names, history, and how other users and services see them."""
