"""How many processes of each program run, and the load balancer in front of the gateways."""

from pathlib import Path

import pytest

from dev import DevError
from dev.machine.files import INSTANCES
from dev.machine.state import State
from dev.platform import environment
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, SERVICES, TOPOLOGIES, applications, chosen, program_of
from dev.servers import haproxy

SCALE = {"TOPOLOGY": "scale"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    state.choose_ports(Instance("test", SCALE).port_names())
    return state


def compose(given: dict[str, str], state: State) -> dict[str, str]:
    return environment.compose(given, state, Path("/srv/baraza"), environment.config_text())


def test_one_process_of_each_program_is_the_default() -> None:
    assert chosen({}) == chosen({"TOPOLOGY": ""}) == TOPOLOGIES["single"]
    assert TOPOLOGIES["single"].names("users.service") == ["users.service"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"TOPOLOGY": "large"}, "TOPOLOGY is one of single, scale"),
        (SCALE | {"TLS_CERT": "/etc/cert.pem"}, "unset TLS_CERT"),
    ],
)
def test_impossible_topology_is_an_error(given: dict[str, str], error: str) -> None:
    with pytest.raises(DevError, match=error):
        chosen(given)


def test_scale_runs_two_processes_of_each_program_on_ports_of_their_own(state: State) -> None:
    programs = applications(state.ports, TOPOLOGIES["scale"], {"TRUSTED_PROXIES": "2"})
    names = [program.name for program in programs]
    assert sorted(names) == sorted(f"{program}-{number}" for program in (*SERVICES, GATEWAY) for number in (1, 2))
    ports = [program.environment.get("METRICS_PORT") or program.environment["PORT"] for program in programs]
    assert len(set(ports)) == len(names)
    gateways = [program for program in programs if program_of(program.name) == GATEWAY]
    assert {program.environment["TRUSTED_PROXIES"] for program in gateways} == {"3"}


def test_scale_needs_databases_that_processes_can_share(state: State) -> None:
    composed = compose(SCALE, state)
    for service in ("FEEDS", "NOTIFICATIONS"):
        assert composed[f"{service}_DB_URI"] == composed[f"BARAZA_{service}_POSTGRESQL"]
    assert compose(SCALE | {"FEEDS_DB_URI": "postgresql://theirs"}, state)["FEEDS_DB_URI"] == "postgresql://theirs"
    own = {f"{one}_{part}": "x" for one in ("POSTGRES", "GATEWAY_POSTGRES") for part in ("HOST", "PASSWORD")}
    with pytest.raises(DevError, match="FEEDS_DB_URI"):
        compose(SCALE | own, state)


def test_load_balancer_has_the_address_of_the_platform_and_of_every_gateway(state: State) -> None:
    composed = compose(SCALE, state)
    program = haproxy.program(composed, INSTANCES / "test")
    variables = dict(word.split("=", 1) for word in program.command if "=" in word)
    gateways = [f"127.0.0.1:{state.ports[name]}" for name in TOPOLOGIES["scale"].names(GATEWAY)]
    assert [variables["GATEWAY_1"], variables["GATEWAY_2"]] == gateways
    assert f"http://{variables['HOST']}:{variables['PORT']}" == composed["BARAZA_URL"]
    assert composed["BARAZA_URL"] not in composed["BARAZA_GATEWAYS"].split()
