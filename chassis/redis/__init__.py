"""The Redis connection and the versions of cache tags."""
