"""The web process's Redis client in a burst of requests."""

from typing import Any

import gevent

from gateway.cache.redis_client import CONNECTIONS, RedisClient


def test_burst_waits_for_connections_instead_of_failing(settings: dict[str, Any]) -> None:
    client = RedisClient(settings["redis_url"])
    burst = range(CONNECTIONS * 20)
    commands = [gevent.spawn(client.run, lambda number=number: client.connection.echo(str(number))) for number in burst]
    gevent.joinall(commands)
    assert [command.get() for command in commands] == [str(number).encode() for number in burst]
    assert int(client.connection.info("clients")["connected_clients"]) <= CONNECTIONS + 20  # and those of other tests
    client.connection.close()
