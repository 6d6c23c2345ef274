"""`make restart`: every process of the running platform anew, one after the other, the way a deployment does it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from kombu import Connection

from docker.dev import readiness
from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.programs import GATEWAY, SERVICES
from docker.dev.servers import haproxy
from docker.dev.steps import Steps
from docker.dev.topologies import kind
from docker.dev.waiting import until

_LIMIT = 60  # seconds


def main() -> int:
    """Return the exit code."""
    instance = Instance("run")
    if not instance.running():
        print("nothing runs: `make run` first, in another terminal", file=sys.stderr)
        return 1
    try:
        for replica in replicas(instance):
            with Steps().step(replica):
                restart(instance, replica)
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def replicas(instance: Instance) -> list[str]:
    """Return the names of all processes that may be restarted one by one."""
    return [status.name for program in (*SERVICES, GATEWAY) for status in instance.control.replicas(program)]


def restart(instance: Instance, replica: str) -> None:
    """End one process in order, start it, and wait until it does its part again."""
    balanced = kind(replica) == GATEWAY and replica != GATEWAY
    aside = haproxy.without(instance.directory, _number(replica)) if balanced else nullcontext()
    with back_again(instance, replica), aside:
        instance.control.stop(replica)
        instance.control.start(replica)


@contextmanager
def back_again(instance: Instance, replica: str) -> Iterator[None]:
    """Wait after the block until a process does again what it did before: take calls, or requests."""
    if kind(replica) == GATEWAY:
        yield
        until(lambda: _takes_requests(instance, replica), f"{replica} to be ready", _LIMIT)
    else:
        before = _consumers(instance, replica)
        yield
        until(lambda: _consumers(instance, replica) >= before, f"{replica} to take calls", _LIMIT)


def _takes_requests(instance: Instance, gateway: str) -> bool:
    number = _number(gateway)
    readiness.get_ready(instance.environment["BARAZA_GATEWAYS"].split()[number - 1])
    return gateway == GATEWAY or number in haproxy.up(instance.directory)


def _consumers(instance: Instance, replica: str) -> int:
    """Return how many processes take the calls to a service."""
    owner, _, part = kind(replica).partition(".")
    queue = f"rpc-{owner if part == 'service' else part}"
    with Connection(instance.environment["AMQP_URI"]) as connection:
        return int(connection.default_channel.queue_declare(queue, passive=True).consumer_count)


def _number(replica: str) -> int:
    """Return which of the replicas it is, counted from 1."""
    return int(replica.partition("-")[2] or 1)


if __name__ == "__main__":
    sys.exit(main())
