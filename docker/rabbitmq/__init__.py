"""The users of RabbitMQ and their permissions, for every way to run the platform."""
