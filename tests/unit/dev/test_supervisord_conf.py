"""supervisord's configuration, as supervisord itself reads it."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from dev.machine.state import State
from dev.platform.control import supervisord_conf
from dev.platform.programs import GATEWAY, SERVICES, TOPOLOGIES, applications
from dev.servers.server import Program

PORTS = {name: 20_000 + number for number, name in enumerate(SERVICES)}
ENVIRONMENT = {f"BARAZA_{name.upper()}_AMQP_URI": f"pyamqp://{name}@127.0.0.1/" for name in ("feeds", "gateway")}

Read = Callable[..., dict[str, Any]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Render a group of programs and read it with supervisord's own parser."""
    (tmp_path / "log").mkdir()
    state = State(tmp_path)
    state.choose_ports(["supervisord"])

    def read(*programs: Program) -> dict[str, Any]:
        file = tmp_path / "supervisord.conf"
        file.write_text(supervisord_conf(tmp_path, state, {"servers": [], "programs": programs}))
        options = ServerOptions()
        options.realize(["-c", str(file)])
        (group,) = options.process_group_configs
        return {each.name: each for each in group.process_configs}

    return read


def test_applications_are_restarted_and_have_a_log_each(read: Read, tmp_path: Path) -> None:
    programs = read(*applications(PORTS, TOPOLOGIES["single"], ENVIRONMENT))
    assert set(programs) == {*SERVICES, GATEWAY}
    for name, program in programs.items():
        assert program.autorestart is not False
        assert program.stdout_logfile == str(tmp_path / "log" / f"{name}.log")
    assert {name: int(programs[name].environment["METRICS_PORT"]) for name in SERVICES} == PORTS
    assert programs[GATEWAY].environment["AMQP_URI"] == "pyamqp://gateway@127.0.0.1/"


def test_command_and_environment_are_escaped(read: Read) -> None:
    command = ("/bin/echo", "create_app()", "100%", "a clone's path/with spaces", '"$HOME"; exec')
    environment = {"ONE": "100%,TWO=2", "PATHS": "/a b/c"}
    program = read(Program("echo", command, environment))["echo"]
    assert tuple(shlex.split(program.command)) == command
    assert program.environment == environment


def test_program_of_another_account_starts_in_the_root_directory(read: Read) -> None:
    assert read(Program("postgresql", ("/bin/true",), user="nobody"))["postgresql"].directory == "/"


def test_applications_stop_before_the_servers_they_need(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.choose_ports(["supervisord"])
    groups = {"servers": [Program("a", ("a",))], "applications": [Program("b", ("b",))]}
    lines = [
        line for line in supervisord_conf(tmp_path, state, groups).splitlines() if "group:" in line or "prio" in line
    ]
    assert lines == ["[group:servers]", "priority = 1", "[group:applications]", "priority = 2"]
