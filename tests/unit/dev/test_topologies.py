"""How many processes there are of everything, where they listen, and what stands in front of them."""

import re
from pathlib import Path

import pytest

from docker.dev import backing, environment, topologies
from docker.dev.processes import MARKER
from docker.dev.programs import GATEWAY, SERVICES, applications
from docker.dev.servers import haproxy
from docker.dev.state import State
from docker.dev.topologies import TOPOLOGIES, TopologyError

SCALE = {"TOPOLOGY": "scale"}
TWICE = sorted(f"{program}-{number}" for program in (*SERVICES, GATEWAY) for number in (1, 2))


def own(_module: str) -> dict[str, str]:
    return {}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state.json")
    state.settle_ports(backing.port_names(SCALE, gateway=True))
    return state


def compose(given: dict[str, str], state: State) -> dict[str, str]:
    return environment.compose(given, state, Path("/srv/baraza"), environment.config_text())


def given_to_haproxy(environment: dict[str, str]) -> dict[str, str]:
    program = haproxy.program(environment, Path("/srv/baraza"))
    return dict(word.split("=", 1) for word in program.command if "=" in word)


def test_there_is_one_of_everything_unless_somebody_says_otherwise() -> None:
    for given in ({}, {"TOPOLOGY": ""}, {"TOPOLOGY": "single"}):
        assert topologies.chosen(given) == TOPOLOGIES["single"]
    assert TOPOLOGIES["single"].names("users.service") == ["users.service"]


def test_a_topology_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(TopologyError, match="TOPOLOGY is one of single, scale"):
        topologies.chosen({"TOPOLOGY": "large"})


def test_a_certificate_is_refused_where_the_load_balancer_would_not_know_of_it() -> None:
    with pytest.raises(TopologyError, match="unset TLS_CERT"):
        topologies.chosen(SCALE | {"TLS_CERT": "/etc/cert.pem"})


def test_with_scale_there_are_two_of_each_and_no_two_listen_at_the_same_port(state: State) -> None:
    programs = applications(state.ports, TOPOLOGIES["scale"], own)
    assert sorted(program.name for program in programs) == TWICE
    ports = [program.environment.get("METRICS_PORT") or program.environment["PORT"] for program in programs]
    assert len(set(ports)) == len(TWICE)
    assert {topologies.kind(program.name) for program in programs} == {*SERVICES, GATEWAY}


def test_gateways_believe_the_load_balancer_and_whoever_stands_before_it(state: State) -> None:
    programs = applications(state.ports, TOPOLOGIES["scale"], own, proxies=2)
    hops = {program.environment["TRUSTED_PROXIES"] for program in programs if topologies.kind(program.name) == GATEWAY}
    assert hops == {"3"}


def test_replicas_share_databases_and_not_files(state: State) -> None:
    composed = compose(SCALE, state)
    for service in ("FEEDS", "NOTIFICATIONS"):
        assert composed[f"{service}_DB_URI"] == composed[f"BARAZA_{service}_POSTGRESQL"]
    assert compose(SCALE | {"FEEDS_DB_URI": "postgresql://theirs"}, state)["FEEDS_DB_URI"] == "postgresql://theirs"


def test_a_cluster_of_ones_own_needs_databases_for_all_replicas(state: State) -> None:
    given = {f"{prefix}_{part}": "x" for prefix in ("POSTGRES", "GATEWAY_POSTGRES") for part in ("HOST", "PASSWORD")}
    with pytest.raises(environment.MissingVariableError, match="FEEDS_DB_URI"):
        compose(SCALE | given, state)


def test_the_load_balancer_has_the_platforms_address_and_knows_every_gateway(state: State) -> None:
    composed = compose(SCALE, state)
    variables = given_to_haproxy(composed)
    own = [f"127.0.0.1:{state.ports[name]}" for name in TOPOLOGIES["scale"].names(GATEWAY)]
    assert [variables["GATEWAY_1"], variables["GATEWAY_2"]] == own
    assert f"http://{variables['HOST']}:{variables['PORT']}" == composed["BARAZA_URL"]
    assert composed["BARAZA_URL"] not in composed["BARAZA_GATEWAYS"].split()


def test_the_load_balancers_file_asks_for_what_it_is_given_and_nothing_else(state: State) -> None:
    asked = set(re.findall(r"\$\{(\w+)\}", haproxy.CONFIGURATION.read_text()))
    assert given_to_haproxy(compose(SCALE, state)).keys() == asked | {MARKER}
