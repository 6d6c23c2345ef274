"""Messages on RabbitMQ: names, headers, publishing with confirms, and the container's one connection."""
