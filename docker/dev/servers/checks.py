"""Whether the backing services answer, asked the way the platform will: private ones and given ones alike."""

from collections.abc import Mapping

import psycopg2
from kombu.connection import Connection
from redis import Redis

_TIMEOUT = 3  # seconds


def rabbitmq(environment: Mapping[str, str]) -> None:
    """Shake hands with the broker as the platform's user, on its virtual host."""
    with Connection(environment["AMQP_URI"], connect_timeout=_TIMEOUT) as connection:
        connection.connect()


def redis(environment: Mapping[str, str]) -> None:
    """PING with the password."""
    with Redis.from_url(environment["REDIS_URL"], socket_timeout=_TIMEOUT) as client:
        client.ping()


def database(environment: Mapping[str, str], prefix: str) -> None:
    """SELECT 1 as the owner of the database that the variables `<prefix>_…` name."""
    connection = psycopg2.connect(
        host=environment[f"{prefix}_HOST"],
        port=environment.get(f"{prefix}_PORT", "5432"),
        user=environment.get(f"{prefix}_USER"),
        password=environment.get(f"{prefix}_PASSWORD"),
        dbname=environment.get(f"{prefix}_DB"),
        connect_timeout=_TIMEOUT,
    )
    try:
        connection.cursor().execute("SELECT 1")
    finally:
        connection.close()
