"""Prometheus on this machine, with exporters for PostgreSQL and Redis."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dev.machine.files import ROOT, render, write_private
from dev.machine.state import State
from dev.servers.databases import PREFIXES
from dev.servers.server import LOCALHOST, Program

PORTS = ("prometheus", "redis_exporter", *(f"{prefix.lower()}_exporter" for prefix in PREFIXES))

# The jobs of docker/monitoring/prometheus.yml with the names of their ports.
_JOBS = {
    "users": "users.service",
    "feeds": "feeds.service",
    "notifications": "notifications.service",
    "deliveries": "notifications.deliveries",
    "gateway-service": "gateway.service",
    "rabbitmq": "rabbitmq_prometheus",
    "redis": "redis_exporter",
}


def programs(directory: Path, state: State, environment: Mapping[str, str]) -> list[Program]:
    """Return how to run Prometheus and the exporters; `write_configuration` first."""
    listen = {name: f"{LOCALHOST}:{state.ports[name]}" for name in PORTS}
    options = {
        "config.file": directory / "prometheus" / "prometheus.yml",
        "storage.tsdb.path": directory / "prometheus" / "data",
        "storage.tsdb.retention.time": "1d",
        "web.listen-address": listen["prometheus"],
    }
    prometheus = Program("prometheus", ("prometheus", *(f"--{name}={value}" for name, value in options.items())))
    command = ("prometheus-redis-exporter", f"-web.listen-address={listen['redis_exporter']}")
    exporters = [Program("redis_exporter", command, redis_variables(environment))]
    for prefix in postgresql_servers(environment):
        name, mode = (
            f"{prefix.lower()}_exporter",
            "disable" if environment[f"{prefix}_HOST"] == LOCALHOST else "require",
        )
        # The shell has the variables of the platform; a password need not be quoted for supervisord.
        script = (
            f'export DATA_SOURCE_URI="${prefix}_HOST:${{{prefix}_PORT:-5432}}/${prefix}_DB?sslmode={mode}" '
            f'DATA_SOURCE_USER="${prefix}_USER" DATA_SOURCE_PASS="${prefix}_PASSWORD"; '
            f"exec prometheus-postgres-exporter --web.listen-address={listen[name]}"
        )
        exporters.append(Program(name, ("/bin/sh", "-c", script)))
    return [*exporters, prometheus]


def write_configuration(directory: Path, state: State, environment: Mapping[str, str], interval: int) -> None:
    """Write prometheus.yml for scrapes every `interval` seconds, and delete older measurements."""
    shutil.rmtree(directory / "prometheus" / "data", ignore_errors=True)
    ports = {job: [port for name, port in state.ports.items() if name.partition("-")[0] == _JOBS[job]] for job in _JOBS}
    ports["postgresql"] = [state.ports[f"{prefix.lower()}_exporter"] for prefix in postgresql_servers(environment)]
    targets = {job: [f"{LOCALHOST}:{port}" for port in found] for job, found in ports.items()}
    targets["gateway"] = [urlsplit(url).netloc for url in environment["BARAZA_GATEWAYS"].split()]
    text = render(
        "prometheus.yml",
        interval=interval,
        root=ROOT,
        targets=targets,
        scheme=urlsplit(environment["BARAZA_URL"]).scheme,
        token=environment.get("METRICS_TOKEN"),
    )
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
