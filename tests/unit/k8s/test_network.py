"""Who may talk to whom, and under which name."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.unit.k8s.tree import OVERLAYS, Document, labels_of, of_kind, pods, secret_keys, settings

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
OPERATORS = {"app.kubernetes.io/name": "rabbitmq"}  # the pods of RabbitMQ's operator, which no manifest describes


def policies(overlay: str) -> list[Document]:
    return of_kind(overlay, "NetworkPolicy")


def labels_with_operators(overlay: str) -> dict[str, dict[str, str]]:
    return {"rabbitmq": OPERATORS} | labels_of(overlay)


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", []))


def ports(rule: Document) -> set[tuple[str, int]]:
    return {(port.get("protocol", "TCP"), port["port"]) for port in rule.get("ports", [])}


def flows(overlay: str, way: str, peer: str) -> set[tuple[str, str, str, int]]:
    """Who (by name) may reach whom on which port, as seen from one side."""
    labelled = labels_with_operators(overlay)
    found = set()
    for policy in policies(overlay):
        for rule in policy["spec"].get(way, []):
            for other in [p["podSelector"] for p in rule.get(peer, []) if p.keys() == {"podSelector"}]:
                here = {name for name, labels in labelled.items() if selects(policy["spec"]["podSelector"], labels)}
                there = {name for name, labels in labelled.items() if selects(other, labels)}
                pairs = {(a, b) if way == "egress" else (b, a) for a in here for b in there}
                found |= {(*pair, *port) for pair in pairs for port in ports(rule)}
    return found


@each_overlay
def test_what_one_side_lets_out_the_other_lets_in(overlay: str) -> None:
    out, into = flows(overlay, "egress", "to"), flows(overlay, "ingress", "from")
    assert out == into
    assert out


@each_overlay
def test_every_pod_is_closed_both_ways_unless_a_policy_opens_it(overlay: str) -> None:
    closed = next(policy for policy in policies(overlay) if policy["metadata"]["name"] == "default-deny")
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@each_overlay
def test_a_policy_names_the_directions_that_it_opens(overlay: str) -> None:
    for policy in policies(overlay):
        opened = {way.title() for way in ("ingress", "egress") if way in policy["spec"]}
        assert opened <= set(policy["spec"]["policyTypes"])


@each_overlay
def test_every_label_of_a_way_out_has_a_policy(overlay: str) -> None:
    labels = {key for labels in labels_of(overlay).values() for key in labels if key.startswith("to-")}
    assert labels <= {policy["metadata"]["name"] for policy in policies(overlay)}


@pytest.mark.parametrize(
    ("caller", "server", "port"),
    [
        ("user-deployment", "user-postgres", 5432),
        ("user-migrations", "user-postgres", 5432),
        ("gateway-deployment", "gateway-postgres", 5432),
        ("gateway-worker-deployment", "gateway-postgres", 5432),
        *((f"{name}-deployment", "rabbitmq", 5672) for name in ("user", "feeds", "notification", "gateway")),
        *((f"{name}-deployment", "redis", 6379) for name in ("user", "feeds", "gateway", "gateway-worker")),
    ],
)
@each_overlay
def test_the_ways_that_the_platform_needs_are_open(overlay: str, caller: str, server: str, port: int) -> None:
    behind = "redis-proxy" if (overlay, server) == ("scale", "redis") else server
    assert (caller, behind, "TCP", port) in flows(overlay, "egress", "to")


@each_overlay
def test_no_service_reaches_the_database_of_another(overlay: str) -> None:
    callers = {(a, b) for a, b, _, port in flows(overlay, "egress", "to") if port == 5432}
    prefixes = {"deliveries-deployment": "notification"}
    assert all(prefixes.get(a, a).startswith(b.removesuffix("-postgres")) for a, b in callers)


@each_overlay
def test_only_deliveries_may_leave_the_cluster(overlay: str) -> None:
    leaving = {name for name, labels in labels_of(overlay).items() if "to-providers" in labels}
    assert leaving == {"deliveries-deployment" if overlay == "scale" else "notification-deployment"}


@each_overlay
def test_every_host_that_the_platform_is_given_is_a_service(overlay: str, secrets: Path) -> None:
    names = {document["metadata"]["name"] for document in of_kind(overlay, "Service")}
    values = [value for keys in secret_keys(overlay, secrets).values() for value in keys.values() if "://" in value]
    hosts = {urlsplit(value.strip()).hostname for value in values}
    hosts |= {"user-postgres-service", "gateway-postgres-service"}  # config.yml's defaults
    if overlay == "dev":
        hosts |= {settings(overlay)["SMTP_HOST"], urlsplit(settings(overlay)["AFRICASTALKING_URL"]).hostname}
    assert hosts <= names


@each_overlay
def test_a_service_finds_pods_and_their_ports(overlay: str) -> None:
    declared: dict[str, set[str]] = {"rabbitmq": {"amqp"}}  # the operator's
    for pod in pods(overlay):
        names = {port["name"] for container in pod.containers for port in container.get("ports", [])}
        declared.setdefault(pod.owner, set()).update(names)
    labelled = labels_with_operators(overlay)
    for service in of_kind(overlay, "Service"):
        found = [name for name, labels in labelled.items() if service["spec"]["selector"].items() <= labels.items()]
        assert len(found) == 1, service["metadata"]["name"]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= declared[found[0]]
