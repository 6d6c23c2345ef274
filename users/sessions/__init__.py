"""Sessions: start, end, list, and their copies in Redis."""
