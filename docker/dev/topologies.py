"""How much of everything runs: a topology is data, and `TOPOLOGY=scale make run` chooses one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

VARIABLE = "TOPOLOGY"


class TopologyError(Exception):
    """There is no such topology, or it cannot do what was asked for; the text says what to do."""


@dataclass(frozen=True)
class Topology:
    """`on_postgresql` are the services whose database is a file otherwise; files have one reader and writer."""

    replicas: int  # of each program
    on_postgresql: tuple[str, ...]
    balanced: bool  # a load balancer stands in front, see docker/haproxy.cfg
    variables: Mapping[str, str] = field(default_factory=dict)  # of config.yml, where the user has not chosen

    def names(self, program: str) -> list[str]:
        """Return what its replicas are called: its own name, or with a number each."""
        if self.replicas == 1:
            return [program]
        return [f"{program}-{number}" for number in range(1, self.replicas + 1)]


SINGLE = "single"
TOPOLOGIES = {
    SINGLE: Topology(replicas=1, on_postgresql=(), balanced=False),
    "scale": Topology(
        replicas=2,
        on_postgresql=("feeds", "notifications"),
        balanced=True,
        variables={"REPLAY_OVERLAP": "15"},
    ),
}


def chosen(given: Mapping[str, str]) -> Topology:
    """Return the topology that the user's variables name."""
    name = given.get(VARIABLE) or SINGLE
    if name not in TOPOLOGIES:
        raise TopologyError(f"there is no topology {name}: {VARIABLE} is one of {', '.join(TOPOLOGIES)}")
    topology = TOPOLOGIES[name]
    if topology.balanced and given.get("TLS_CERT"):
        raise TopologyError(f"{VARIABLE}={name} speaks HTTP: unset TLS_CERT and TLS_KEY")
    return topology


def kind(replica: str) -> str:
    """Return the program that a process is a replica of."""
    return replica.partition("-")[0]
