"""Faults of a platform, for the tests of faults too. A fault begins with its block and ends with it."""

import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from urllib.parse import quote

import psutil
import requests
from redis import Redis

from dev.machine.waiting import until
from dev.platform.instance import Instance
from docker.rabbitmq.accounts import VHOST

RABBITMQCTL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
TIMEOUT = 15  # seconds
START = 60  # seconds in which a server starts

Inject = Callable[[Instance, str], AbstractContextManager[None]]


@contextmanager
def kill(platform: Instance, target: str) -> Iterator[None]:
    """Kill -9; the supervisor restarts it."""
    platform.control.kill(target)
    yield
    platform.control.wait_running(target)


@contextmanager
def pause(platform: Instance, target: str) -> Iterator[None]:
    """SIGSTOP: connections stay open and nothing answers."""
    pids = platform.control.pids(target)
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


@contextmanager
def restart(platform: Instance, target: str) -> Iterator[None]:
    """Stop a server in order, and start it again."""
    platform.control.stop(target)
    yield
    platform.control.start(target)


@contextmanager
def alarm(platform: Instance, target: str, resource_: str) -> Iterator[None]:
    """RabbitMQ blocks its publishers: too little memory or disk. One that is just starting gets the alarm later."""
    alarm_ = f"{{resource_limit, {resource_}, node()}}"
    evaluate = partial(_rabbitmqctl, platform, target)
    until(lambda: evaluate(f"rabbit_alarm:set_alarm({{{alarm_}, []}})."), "the alarm", START)
    yield
    until(lambda: evaluate(f"rabbit_alarm:clear_alarm({alarm_})."), "the end of the alarm", START)


@contextmanager
def delete_queue(platform: Instance, target: str) -> Iterator[None]:
    """Delete a queue with its messages."""
    _management(platform, f"queues/{quote(VHOST, safe='')}/{target}")
    yield


@contextmanager
def close_connections(platform: Instance, target: str) -> Iterator[None]:
    """Close all connections of a service's RabbitMQ user, again and again."""
    _management(platform, f"connections/username/{target}")
    yield
    _management(platform, f"connections/username/{target}")


@contextmanager
def flush_redis(platform: Instance, target: str) -> Iterator[None]:
    """Delete all that Redis has."""
    del target
    with Redis.from_url(platform.environment["REDIS_URL"]) as client:
        client.flushall()
    yield


@contextmanager
def fill_redis(platform: Instance, target: str) -> Iterator[None]:
    """Redis rejects every write: out of memory."""
    del target
    with Redis.from_url(platform.environment["REDIS_URL"]) as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def full_disk(platform: Instance, target: str) -> Iterator[None]:
    """Every write to a file fails, also SQLite's."""
    processes = [psutil.Process(pid) for pid in platform.control.pids(target)]
    limits = [process.rlimit(psutil.RLIMIT_FSIZE) for process in processes]
    for process, (_, hard) in zip(processes, limits, strict=True):
        process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    yield
    for process, limit in zip(processes, limits, strict=True):
        with suppress(psutil.NoSuchProcess):
            process.rlimit(psutil.RLIMIT_FSIZE, limit)


@contextmanager
def bad_provider(platform: Instance, target: str, fault: Mapping[str, object]) -> Iterator[None]:
    """Let a provider reject messages, answer late, lie about them, or break the connection."""
    url = f"{platform.environment[target]}/faults"
    requests.post(url, json={"count": 1000, **fault}, timeout=TIMEOUT).raise_for_status()
    yield
    requests.delete(url, timeout=TIMEOUT).raise_for_status()


KINDS: dict[str, Inject] = {
    "kill": kill,
    "pause": pause,
    "restart": restart,
    "memory alarm": partial(alarm, resource_="memory"),
    "disk alarm": partial(alarm, resource_="disk"),
    "delete queue": delete_queue,
    "close connections": close_connections,
    "flush": flush_redis,
    "fill": fill_redis,
    "full disk": full_disk,
    "busy mail server": partial(bad_provider, fault={"data": "452 disk full"}),
    "slow mail server": partial(bad_provider, fault={"hang": 3}),
    "mail server that breaks off": partial(bad_provider, fault={"drop": True}),
    "SMS provider with errors": partial(bad_provider, fault={"status": 500}),
    "SMS provider without response": partial(bad_provider, fault={"close": True}),
    "SMS provider that lies": partial(bad_provider, fault={"plain": "OK"}),
}


def queues(platform: Instance) -> list[str]:
    """Return the durable queues of events and RPC requests."""
    response = requests.get(f"{_api(platform)}/queues/{quote(VHOST, safe='')}", timeout=TIMEOUT)
    response.raise_for_status()
    return sorted(queue["name"] for queue in response.json() if queue["name"].startswith(("evt-", "rpc-")))


def _management(platform: Instance, path: str) -> None:
    """Delete something through RabbitMQ's management interface, as soon as that answers."""
    url = f"{_api(platform)}/{path}"
    gone = {requests.codes.no_content, requests.codes.not_found}
    until(lambda: requests.delete(url, timeout=TIMEOUT).status_code in gone, url, START)


def _api(platform: Instance) -> str:
    return platform.environment["BARAZA_RABBITMQ_MANAGEMENT"] + "/api"


def _rabbitmqctl(platform: Instance, target: str, expression: str) -> None:
    """Evaluate an Erlang expression in the broker."""
    environment = psutil.Process(platform.control.pids(target)[0]).environ()
    command = (RABBITMQCTL, "eval", expression)
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=TIMEOUT)  # noqa: S603 - ours


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).send_signal(number)
