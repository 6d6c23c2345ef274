"""The supervisor's configuration, as the supervisor itself reads it."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from docker.dev.programs import SERVICES, Program, applications
from docker.dev.supervisor_configuration import render
from docker.dev.topologies import TOPOLOGIES

PORTS = {name: 20_000 + number for number, name in enumerate(SERVICES)}


def own(module: str) -> dict[str, str]:
    return {"AMQP_URI": f"pyamqp://{module.partition('.')[0]}@127.0.0.1/"}


Configurations = dict[str, dict[str, Any]]
Read = Callable[[Mapping[str, Sequence[Program]]], Configurations]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Render for some programs and read it back with supervisor's own parser."""
    (tmp_path / "log").mkdir()

    def _read(groups: Mapping[str, Sequence[Program]]) -> Configurations:
        file = tmp_path / "supervisord.conf"
        file.write_text(render(tmp_path, tmp_path / "supervisor.sock", groups))
        options = ServerOptions()
        options.realize(["-c", str(file)])
        return {
            group.name: {each.name: each for each in group.process_configs} for group in options.process_group_configs
        }

    return _read


def test_every_application_is_restarted_when_it_dies_and_has_a_log_of_its_own(read: Read, tmp_path: Path) -> None:
    programs = read({"servers": [], "applications": applications(PORTS, TOPOLOGIES["single"], own)})["applications"]
    assert set(programs) == {*SERVICES, "gateway.app"}
    for name, program in programs.items():
        assert program.autorestart is not False
        assert program.stdout_logfile == str(tmp_path / "log" / f"{name}.log")
        assert program.stdout_logfile_backups == 2


def test_every_service_has_a_port_of_its_own_for_its_metrics(read: Read) -> None:
    programs = read({"servers": [], "applications": applications(PORTS, TOPOLOGIES["single"], own)})["applications"]
    assert {name: int(programs[name].environment["METRICS_PORT"]) for name in SERVICES} == PORTS


def test_every_process_has_a_user_of_the_broker_by_its_service(read: Read) -> None:
    programs = read({"servers": [], "applications": applications(PORTS, TOPOLOGIES["single"], own)})["applications"]
    for name, program in programs.items():
        assert program.environment["AMQP_URI"] == own(name)["AMQP_URI"]


def test_a_command_arrives_word_by_word_whatever_it_holds(read: Read) -> None:
    command = ("/bin/echo", "create_app()", "100%", "a clone's path/with spaces")
    program = read({"servers": [Program("echo", command)]})["servers"]["echo"]
    assert tuple(shlex.split(program.command)) == command


def test_the_environment_of_a_program_keeps_its_percent_signs_and_commas(read: Read) -> None:
    program = Program("echo", ("/bin/echo",), {"ONE": "100%,TWO=2", "PATHS": "/a b/c"})
    assert read({"servers": [program]})["servers"]["echo"].environment == {"ONE": "100%,TWO=2", "PATHS": "/a b/c"}


def test_a_program_of_another_account_starts_where_everybody_may_be(read: Read) -> None:
    program = Program("postgresql", ("/bin/true",), user="nobody", stop_signal="INT")
    assert read({"servers": [program]})["servers"]["postgresql"].directory == "/"


def test_a_group_without_programs_is_left_out(read: Read) -> None:
    assert set(read({"servers": [], "applications": [Program("true", ("/bin/true",))]})) == {"applications"}


def test_applications_stop_before_the_servers_they_need() -> None:
    text = render(
        Path("/srv"), Path("/srv/s"), {"servers": [Program("a", ("a",))], "applications": [Program("b", ("b",))]}
    )
    assert text.index("priority = 1") < text.index("priority = 2")
    assert text.index("[group:servers]") < text.index("[group:applications]")
