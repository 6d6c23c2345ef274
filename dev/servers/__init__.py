"""The servers of a platform: private ones from the distribution's packages and the fakes, or the user's own."""

from collections.abc import Mapping

LOCALHOST = "127.0.0.1"
LIMIT = 90  # seconds for the start of a server or process; RabbitMQ takes 5 on two idle cores
# A server is private unless the user has set all of its variables.
_REPLACED_BY = {
    "rabbitmq": ("AMQP_URI",),
    "postgresql": ("POSTGRES_HOST", "GATEWAY_POSTGRES_HOST"),
    "redis": ("REDIS_URL",),
    "mailbox": ("SMTP_HOST",),
    "sms_simulator": ("AFRICASTALKING_API_KEY",),
    "sentry": ("SENTRY_DSN",),
}
ALL = [*_REPLACED_BY]
PORTS = [
    *("supervisord", "postgresql", "redis", "mailbox", "mailbox_http", "sms_simulator", "sentry"),
    *(f"rabbitmq{part}" for part in ("", "_management", "_prometheus", "_distribution", "_epmd")),
    *("prometheus", "redis_exporter", "postgres_exporter", "gateway_postgres_exporter"),
]


def private(given: Mapping[str, str]) -> list[str]:
    """Return the servers that the platform starts itself. `given` are the user's variables; empty means not set."""
    return [name for name, variables in _REPLACED_BY.items() if not all(map(given.get, variables))]
