"""supervisord's configuration, as supervisord itself reads it."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from dev import DevError
from dev.machine.state import State
from dev.platform import environment
from dev.platform.instance import port_names
from dev.platform.programs import ALL_SERVICES, GATEWAY, SERVICES, process_names, program_of, topology
from dev.platform.supervisord import configuration
from dev.servers import ALL, haproxy

SCALE = {"TOPOLOGY": "scale"}

Groups = dict[str, dict[str, Any]]
Read = Callable[..., tuple[dict[str, str], Groups]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return the composed environment, and the programs by group as supervisord's own parser reads them."""
    monkeypatch.setattr(haproxy, "ROOT", tmp_path)
    directory = tmp_path / "a clone's path"
    (directory / "log").mkdir(parents=True)

    def read(**given: str) -> tuple[dict[str, str], Groups]:
        state = State(tmp_path)
        state.choose_ports(port_names(given, fixed_port=False))
        composed = environment.compose(given, state, directory)
        file = tmp_path / "supervisord.conf"
        file.write_text(configuration(directory, state, given, composed))
        options = ServerOptions()
        options.realize(["-c", str(file)])
        groups = sorted(options.process_group_configs, key=lambda group: int(group.priority))
        return composed, {group.name: {each.name: each for each in group.process_configs} for group in groups}

    return read


def words(program: Any) -> list[str]:
    return shlex.split(program.command)


def test_servers_start_first_and_every_application_is_restarted(read: Read) -> None:
    _, groups = read()
    assert list(groups) == ["servers", "applications", "monitoring"]
    assert groups["servers"].keys() == {*ALL}
    assert set(groups["applications"]) == {*SERVICES, GATEWAY}
    for name, program in groups["applications"].items():
        assert program.autorestart is not False
        assert program.stdout_logfile.endswith(f"/log/{name}.log")


def test_process_has_the_rabbitmq_user_of_its_service_and_a_port_for_metrics(read: Read) -> None:
    composed, groups = read()
    for name, program in groups["applications"].items():
        account = name.partition(".")[0].upper()
        assert program.environment["AMQP_URI"] == composed[f"BARAZA_{account}_AMQP_URI"]
    ports = {groups["applications"][name].environment["METRICS_PORT"] for name in SERVICES}
    assert len(ports) == len(SERVICES)


def test_paths_with_special_characters_are_escaped(read: Read) -> None:
    _, groups = read()
    assert words(groups["servers"]["redis"])[1].endswith("/a clone's path/redis/redis.conf")
    assert groups["servers"]["rabbitmq"].environment["HOME"].endswith("/a clone's path/rabbitmq")
    arguments = groups["servers"]["rabbitmq"].environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert arguments == "-noinput -kernel inet_dist_use_interface {127,0,0,1}"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"TOPOLOGY": "large"}, "TOPOLOGY is one of single, scale, small"),
        (SCALE | {"TLS_CERT": "/etc/cert.pem"}, "unset TLS_CERT"),
        (SCALE | {"FEEDS_DB_URI": "sqlite:///feeds"}, "set FEEDS_DB_URI too"),
    ],
)
def test_impossible_topology_is_an_error(read: Read, given: dict[str, str], error: str) -> None:
    assert topology({"TOPOLOGY": ""}).replicas == 1
    with pytest.raises(DevError, match=error):
        read(**given)


def test_small_runs_all_services_in_one_process_each_with_its_own_user_and_keys(read: Read) -> None:
    composed, groups = read(TOPOLOGY="small")
    assert groups["applications"].keys() == {ALL_SERVICES, GATEWAY}
    program = groups["applications"][ALL_SERVICES]
    assert words(program)[-len(SERVICES) :] == [*SERVICES]
    for service in ("users", "feeds", "notifications", "deliveries", "gateway"):
        account = "notifications" if service == "deliveries" else service
        uri = program.environment[f"{service.upper()}__AMQP_URI"]
        assert uri == composed[f"BARAZA_{account.upper()}_AMQP_URI"]
        assert program.environment[f"{service.upper()}__SERVICE_TOKEN_KEYS"].split(",")[0].endswith(f"/{service}")
    assert composed["WEB_CONCURRENCY"] == "1"
    assert composed["NOTIFICATIONS_DB_URI"].startswith("postgresql")


def test_scale_runs_two_processes_of_each_program_on_ports_of_their_own(read: Read) -> None:
    programs = read(**SCALE, TRUSTED_PROXIES="2")[1]["applications"]
    del programs["haproxy"]
    assert programs.keys() == {name for program in (*SERVICES, GATEWAY) for name in process_names(program, 2)}
    environments = [program.environment for program in programs.values()]
    ports = [variables.get("METRICS_PORT") or variables["PORT"] for variables in environments]
    assert len(set(ports)) == len(programs)
    gateways = [program for name, program in programs.items() if program_of(name) == GATEWAY]
    assert {program.environment["TRUSTED_PROXIES"] for program in gateways} == {"3"}


def test_scale_uses_databases_that_processes_can_share(read: Read) -> None:
    composed, _ = read(**SCALE, NOTIFICATIONS_DB_URI="postgresql://theirs")
    assert composed["FEEDS_DB_URI"] == composed["BARAZA_FEEDS_POSTGRESQL"]
    assert composed["NOTIFICATIONS_DB_URI"] == "postgresql://theirs"


def test_load_balancer_has_the_platforms_address_those_of_gateways_and_no_secret(read: Read) -> None:
    composed, groups = read(**SCALE)
    variables = dict(word.split("=", 1) for word in words(groups["applications"]["haproxy"]) if "=" in word)
    gateways = composed["BARAZA_GATEWAYS"].split()
    assert gateways == [f"http://{variables['GATEWAY_1']}", f"http://{variables['GATEWAY_2']}"]
    assert composed["BARAZA_URL"] == f"http://{variables['HOST']}:{variables['PORT']}"
    assert composed["BARAZA_URL"] not in gateways
    assert variables.keys() == {"GATEWAY_1", "GATEWAY_2", "HOST", "PORT", "ADMIN", "BARAZA_INSTANCE"}
