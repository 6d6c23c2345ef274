"""Prometheus on this machine: its targets, and the variables of the exporters."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dev.machine.files import ROOT, render, write_private
from dev.machine.state import State
from dev.servers import LOCALHOST
from dev.servers.databases import PREFIXES

# The jobs of docker/monitoring/prometheus.yml, and one for the process of all services, with the names of their ports.
_JOBS = {
    "users": "users.service",
    "feeds": "feeds.service",
    "notifications": "notifications.service",
    "deliveries": "notifications.deliveries",
    "gateway-service": "gateway.service",
    "services": "services",  # all of them, with TOPOLOGY=small
    "rabbitmq": "rabbitmq_prometheus",
    "redis": "redis_exporter",
}


def write_configuration(directory: Path, state: State, environment: Mapping[str, str], interval: int) -> None:
    """Write prometheus.yml for scrapes every `interval` seconds, and delete older measurements."""
    shutil.rmtree(directory / "prometheus" / "data", ignore_errors=True)
    ports = {job: [port for name, port in state.ports.items() if name.partition("-")[0] == _JOBS[job]] for job in _JOBS}
    ports["postgresql"] = [state.ports[f"{prefix.lower()}_exporter"] for prefix in postgresql_servers(environment)]
    targets = {job: [f"{LOCALHOST}:{port}" for port in found] for job, found in ports.items()}
    targets["gateway"] = [urlsplit(url).netloc for url in environment["BARAZA_GATEWAYS"].split()]
    url, token = urlsplit(environment["BARAZA_URL"]), environment.get("METRICS_TOKEN")
    text = render("prometheus.yml", interval=interval, root=ROOT, targets=targets, scheme=url.scheme, token=token)
    write_private(directory / "prometheus" / "prometheus.yml", text)


def postgresql_servers(environment: Mapping[str, str]) -> list[str]:
    """Return a prefix for each PostgreSQL server; both databases may be on one."""
    servers = {(environment[f"{one}_HOST"], environment.get(f"{one}_PORT")): one for one in reversed(PREFIXES)}
    return list(servers.values())


def redis_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of Redis' exporter; the password is not part of the address, which is a label."""
    url = urlsplit(environment["REDIS_URL"])
    user = {"REDIS_USER": url.username} if url.username else {}
    address = f"{url.scheme}://{url.hostname}:{url.port or 6379}"
    return {"REDIS_ADDR": address, **user, "REDIS_PASSWORD": url.password or ""}
