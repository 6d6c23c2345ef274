"""Event handlers with retries, and their dead letters."""
