"""A private Redis: in memory only, with a password."""

from collections.abc import Mapping
from pathlib import Path

from dev.machine.files import render, write_private
from dev.machine.state import State
from dev.servers.server import LOCALHOST, Program, Server


def _variables(state: State, _given: Mapping[str, str]) -> dict[str, str]:
    return {"REDIS_URL": f"redis://:{state.secret('redis')}@{LOCALHOST}:{state.ports['redis']}/0"}


def _program(directory: Path, state: State, _environment: Mapping[str, str]) -> Program:
    folder = directory / "redis"
    values = {"port": state.ports["redis"], "password": state.secret("redis"), "directory": folder}
    write_private(folder / "redis.conf", render("redis.conf", **values))
    return Program("redis", ("/usr/bin/redis-server", str(folder / "redis.conf")))


SERVER = Server("redis", ("REDIS_URL",), ("redis",), _variables, _program)
