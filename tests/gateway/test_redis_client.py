"""The web process's Redis client: many greenlets on one connection."""

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from redis import Redis

from chassis.ids import new_id
from gateway.cache.redis_client import RedisClient, RedisUnavailable
from tests.integration.support.tcp_proxy import TcpProxy

BURST = range(1000)


@pytest.fixture
def proxy(settings: dict[str, Any]) -> Iterator[TcpProxy]:
    proxy = TcpProxy(settings["redis_url"])
    yield proxy
    proxy.close()


def test_each_greenlet_of_a_burst_gets_the_reply_to_its_command(settings: dict[str, Any]) -> None:
    client = RedisClient(settings["redis_url"])
    commands = [gevent.spawn(client.execute, "ECHO", str(number)) for number in BURST]
    gevent.joinall(commands)
    assert [command.get() for command in commands] == [str(number).encode() for number in BURST]


def test_lost_connection_is_made_again_without_an_error(proxy: TcpProxy) -> None:
    client = RedisClient(proxy.uri)
    assert client.execute("ECHO", "before") == b"before"
    proxy.cut()
    proxy.restore()
    assert client.execute("ECHO", "after") == b"after"


def test_all_waiting_commands_fail_without_redis(proxy: TcpProxy) -> None:
    client = RedisClient(proxy.uri)
    client.execute("PING")
    proxy.cut()
    for command in [gevent.spawn(client.execute, "PING") for _ in BURST]:
        with pytest.raises(RedisUnavailable):
            command.get()


def test_script_runs_though_redis_does_not_know_it(settings: dict[str, Any]) -> None:
    script = RedisClient(settings["redis_url"]).script(f"return {{KEYS[1], ARGV[1]}} -- {new_id()}")
    assert script(["key"], [1]) == script(["key"], [1]) == [b"key", b"1"]


def test_rejected_command_does_not_take_the_reply_to_another(settings: dict[str, Any]) -> None:
    client, key = RedisClient(settings["redis_url"]), f"tests:{new_id()}"
    commands = [gevent.spawn(client.execute, *command) for command in (("SET", key, "x"), ("INCR", key), ("GET", key))]
    gevent.joinall(commands)
    assert commands[0].get() == b"OK"
    with pytest.raises(RedisUnavailable):
        commands[1].get()
    assert commands[2].get() == b"x"
    with Redis.from_url(settings["redis_url"]) as redis:
        redis.delete(key)
