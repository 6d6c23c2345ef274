"""The web process's connection to RabbitMQ and its RPC client."""
