"""Cached responses, and one computation for concurrent misses."""
