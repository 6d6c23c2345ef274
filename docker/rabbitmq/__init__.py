"""RabbitMQ's users and what each may do there, for every way of running the platform."""
