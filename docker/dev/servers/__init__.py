"""Private RabbitMQ, PostgreSQL and Redis from the distribution's packages, beside any that already run."""
