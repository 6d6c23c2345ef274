"""Event handlers with retries and dead-letter queues."""
