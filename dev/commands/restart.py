"""`make restart`: restart every process of the running platform, one after the other, as a deployment does."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from kombu import Connection

from chassis.config import service_of
from dev.machine.waiting import step, until
from dev.platform import readiness
from dev.platform.instance import Instance, find_running
from dev.platform.programs import ALL_SERVICES, GATEWAY, SERVICES, modules, program_of
from dev.servers import LIMIT, haproxy

_PROGRAMS = (*SERVICES, ALL_SERVICES, GATEWAY)  # of every topology, in the order of a restart


def restart_all() -> int:
    """Restart the processes of the instance `run`."""
    instance = find_running()
    names = [status.name for status in instance.control.statuses() if program_of(status.name) in _PROGRAMS]
    for name in sorted(names, key=lambda name: _PROGRAMS.index(program_of(name))):
        with step(name):
            restart(instance, name)
    return 0


def restart(instance: Instance, process: str) -> None:
    """Stop one process in order, start it, and wait until it serves again."""
    balanced = program_of(process) == GATEWAY != process
    drained = haproxy.drained(instance.directory, _number(process)) if balanced else nullcontext()
    with serving_again(instance, process), drained:
        instance.control.stop(process)
        instance.control.start(process)


@contextmanager
def serving_again(instance: Instance, process: str) -> Iterator[None]:
    """Wait after the block until a process that ended in it serves again: RPC calls, or HTTP requests."""
    if program_of(process) == GATEWAY:
        yield
        until(lambda: _gateway_serves(instance, process), f"{process} to be ready", LIMIT)
    else:
        before = _consumers(instance, process)
        yield
        until(lambda: _consumers(instance, process) >= before, f"{process} to consume", LIMIT)


def _gateway_serves(instance: Instance, process: str) -> bool:
    readiness.require_ready(instance.environment["BARAZA_GATEWAYS"].split()[_number(process) - 1])
    return process == GATEWAY or _number(process) in haproxy.active_gateways(instance.directory)


def _consumers(instance: Instance, process: str) -> int:
    """Return the number of consumers of the RPC queues of a process's services."""
    queues = [f"rpc-{service_of(module)}" for module in modules(program_of(process))]
    with Connection(instance.environment["AMQP_URI"]) as connection:
        channel = connection.default_channel
        return sum(int(channel.queue_declare(queue, passive=True).consumer_count) for queue in queues)


def _number(process: str) -> int:
    """Return the number in the name of a process, 1 if there is only one of it."""
    return int(process.partition("-")[2] or 1)
