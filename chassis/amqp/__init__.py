"""AMQP: connections, confirms, headers, and the context that a message carries."""
