"""Network policies open the connections that the platform needs, and no others."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.unit.k8s.manifests import OVERLAYS, of_kind, pod_labels, pods, secrets, settings

OPERATOR_PODS = {"rabbitmq": {"app.kubernetes.io/name": "rabbitmq"}}  # created by RabbitMQ's operator

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    matches = selector.get("matchLabels", {}).items() <= labels.items()
    return matches and all(labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", []))


def connections(overlay: str, direction: str) -> set[tuple[str, str, int]]:
    """Return the connections between pods, as (client, server, port), that one direction of the policies allows."""
    labels = OPERATOR_PODS | pod_labels(overlay)
    allowed = set()
    for policy in (document["spec"] for document in of_kind(overlay, "NetworkPolicy")):
        rules = policy.get(direction, []) if direction.title() in policy["policyTypes"] else []
        own = {name for name in labels if selects(policy["podSelector"], labels[name])}
        for rule in rules:
            peers = [peer["podSelector"] for peer in rule.get("to", rule.get("from", [])) if [*peer] == ["podSelector"]]
            others = {name for peer in peers for name in labels if selects(peer, labels[name])}
            pairs = {(a, b) if direction == "egress" else (b, a) for a in own for b in others}
            allowed |= {(*pair, port["port"]) for pair in pairs for port in rule["ports"]}
    return allowed


@each_overlay
def test_egress_and_ingress_allow_the_same_connections(overlay: str) -> None:
    assert connections(overlay, "egress") == connections(overlay, "ingress")


@each_overlay
def test_other_connections_are_denied(overlay: str) -> None:
    (deny,) = [p for p in of_kind(overlay, "NetworkPolicy") if p["metadata"]["name"] == "default-deny"]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize(
    ("client", "server", "port"),
    [
        ("user-deployment", "user-postgres", 5432),
        ("gateway-deployment", "gateway-postgres", 5432),
        ("gateway-worker-deployment", "gateway-postgres", 5432),
        *((f"{name}-deployment", "rabbitmq", 5672) for name in ("user", "feeds", "notification", "gateway")),
        *((f"{name}-deployment", "redis", 6379) for name in ("user", "feeds", "gateway", "gateway-worker")),
    ],
)
@each_overlay
def test_needed_connection_is_allowed(overlay: str, client: str, server: str, port: int) -> None:
    address = "redis-proxy" if (overlay, server) == ("scale", "redis") else server
    assert (client, address, port) in connections(overlay, "egress")


@each_overlay
def test_no_service_can_connect_to_the_database_of_another(overlay: str) -> None:
    owners = {"deliveries-deployment": "notification", "gateway-worker-deployment": "gateway"}
    for client, server, port in connections(overlay, "egress"):
        if port == 5432:
            assert server == f"{owners.get(client, client.removesuffix('-deployment'))}-postgres"


@each_overlay
def test_only_deliveries_can_connect_to_mail_servers_and_sms_providers(overlay: str) -> None:
    workloads = {name for name, labels in pod_labels(overlay).items() if "to-providers" in labels}
    assert workloads == {"deliveries-deployment" if overlay == "scale" else "notification-deployment"}


@each_overlay
def test_only_users_can_connect_to_the_identity_provider_by_https(overlay: str) -> None:
    workloads = {name for name, labels in pod_labels(overlay).items() if "to-identity-provider" in labels}
    assert workloads == {"user-deployment"}
    (policy,) = [
        p["spec"] for p in of_kind(overlay, "NetworkPolicy") if p["metadata"]["name"] == "to-identity-provider"
    ]
    assert [rule["ports"] for rule in policy["egress"]] == [[{"protocol": "TCP", "port": 443}]]


@pytest.mark.parametrize("name", ["to-providers", "to-identity-provider"])
@each_overlay
def test_connections_to_the_internet_exclude_private_addresses(overlay: str, name: str) -> None:
    (policy,) = [p["spec"] for p in of_kind(overlay, "NetworkPolicy") if p["metadata"]["name"] == name]
    ((peer,),) = [rule["to"] for rule in policy["egress"]]
    excluded = [ip_network(text) for text in peer["ipBlock"]["except"]]
    for address in ("10.96.0.1", "172.16.0.1", "172.31.255.1", "192.168.0.1", "100.64.0.1", "169.254.169.254"):
        assert any(ip_address(address) in network for network in excluded), address


@each_overlay
def test_every_configured_host_is_a_service(overlay: str, folder: Path) -> None:
    uris = [value for secret in secrets(overlay, folder).values() for value in secret.values() if "://" in value]
    hosts = {urlsplit(uri.strip()).hostname for uri in uris}
    hosts |= {"user-postgres-service", "gateway-postgres-service"}  # defaults in config.yml
    if overlay == "dev":
        hosts |= {settings(overlay)["SMTP_HOST"], urlsplit(settings(overlay)["AFRICASTALKING_URL"]).hostname}
    assert hosts <= {document["metadata"]["name"] for document in of_kind(overlay, "Service")}


@each_overlay
def test_service_selects_one_workload_and_its_ports(overlay: str) -> None:
    ports: dict[str, set[str]] = {"rabbitmq": {"amqp"}}  # of the operator
    for pod in pods(overlay):
        names = {port["name"] for container in pod.containers for port in container.get("ports", [])}
        ports.setdefault(pod.workload, set()).update(names)
    labels = OPERATOR_PODS | pod_labels(overlay)
    for service in of_kind(overlay, "Service"):
        (workload,) = [name for name in labels if service["spec"]["selector"].items() <= labels[name].items()]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports[workload]
