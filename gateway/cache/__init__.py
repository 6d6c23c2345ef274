"""The Redis client of the web process, cached responses, and one computation for concurrent misses."""
