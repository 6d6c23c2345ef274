"""The Redis connection, and cache tags."""
