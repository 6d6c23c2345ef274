"""Container images, Docker Compose, and the configuration of servers and monitoring."""
