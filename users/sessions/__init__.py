"""Sessions: start, use and end, their cache in Redis, and who was active at a time."""
