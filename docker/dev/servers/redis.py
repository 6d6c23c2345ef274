"""A Redis of our own: in memory only, behind a password."""

from pathlib import Path

from docker.dev.programs import Program
from docker.dev.state import State, write_private

NAME = "redis"
PORTS = ("redis",)

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{directory}"
save ""
appendonly no
maxmemory-policy noeviction
set-proc-title no
"""


def url(state: State) -> str:
    """Return the server's REDIS_URL."""
    return f"redis://:{state.secret(NAME)}@127.0.0.1:{state.ports['redis']}/0"


def prepare(directory: Path, state: State) -> Program:
    """Write the server's file; the answer is how to run it.

    A process title would overwrite the memory that /proc shows as the environment, and with it our marker.
    """
    text = _CONFIGURATION.format(port=state.ports["redis"], password=state.secret(NAME), directory=directory)
    write_private(directory / "redis.conf", text)
    return Program(NAME, ("/usr/bin/redis-server", str(directory / "redis.conf")))
