"""The servers of a platform: private ones from the distribution's packages, or the user's own."""

from collections.abc import Mapping

from dev.servers import fakes, postgresql, rabbitmq, redis
from dev.servers.server import Server

ALL = (rabbitmq.SERVER, postgresql.SERVER, redis.SERVER, fakes.MAILBOX, fakes.SMS_SIMULATOR, fakes.SENTRY)


def private(given: Mapping[str, str]) -> list[Server]:
    """Return those that the user, whose variables are `given`, has not replaced."""
    return [server for server in ALL if server.is_private(given)]
