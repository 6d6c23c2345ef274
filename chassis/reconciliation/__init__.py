"""Reconciliation: a service compares the events of a source with those that it handled, and fetches what it missed."""
