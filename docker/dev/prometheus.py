"""A private Prometheus with the exporters of PostgreSQL and Redis, for the processes of an instance.

It reads docker/monitoring/prometheus.yml, whose jobs it points at this machine. All of it carries the instance's
marker, so it ends with the instance at the latest.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import yaml

from docker.dev import ports, processes
from docker.dev.instance import Instance
from docker.dev.places import ROOT
from docker.dev.state import State, write_private
from docker.dev.topologies import kind
from docker.dev.waiting import GiveUpError, until

MONITORING = ROOT / "docker" / "monitoring"
PROGRAMS = ("prometheus", "prometheus-postgres-exporter", "prometheus-redis-exporter")

_LOCAL = "127.0.0.1"
_LIMIT = 30  # seconds
_PATIENCE = 10  # seconds for an answer
_JOBS = {
    "users": "users.service",
    "feeds": "feeds.service",
    "notifications": "notifications.service",
    "deliveries": "notifications.deliveries",
    "gateway-service": "gateway.service",
    "rabbitmq": "rabbitmq_prometheus",
}
_DATABASES = ("POSTGRES", "GATEWAY_POSTGRES")


class Prometheus:
    """Runs within a `with` block. `interval` are the seconds between two looks at everything."""

    def __init__(self, instance: Instance, interval: int) -> None:
        self._directory = instance.directory / "prometheus"
        self._data = self._directory / f"data-{os.getpid()}"  # of two that run side by side each has its own
        self._instance = instance
        self._interval = interval
        self._running: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def __enter__(self) -> Self:
        """Start everything, and wait until it is ready."""
        environment = self._instance.environment
        servers = postgresql_servers(environment)
        names = ["prometheus", "redis", *servers]
        port = ports.choose(names, {})
        self._directory.mkdir(mode=0o700, exist_ok=True)
        try:
            for name, variables in servers.items():
                listen = f"--web.listen-address={_LOCAL}:{port[name]}"
                self._start(name, ("prometheus-postgres-exporter", listen), variables)
            self._start(
                "redis-exporter",
                ("prometheus-redis-exporter", f"-web.listen-address={_LOCAL}:{port['redis']}"),
                redis_server(environment),
            )
            targets = self._targets(environment) | {
                "postgresql": [f"{_LOCAL}:{port[name]}" for name in servers],
                "redis": [f"{_LOCAL}:{port['redis']}"],
            }
            self._start_prometheus(port["prometheus"], targets, environment)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End what was started."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        shutil.rmtree(self._data, ignore_errors=True)

    def alive(self) -> bool:
        """Tell whether all of it still runs; `make stop` ends it too."""
        return all(process.poll() is None for process in self._running)

    def ask(self, path: str, **parameters: object) -> Any:
        """Return the data of an answer of its HTTP API; GiveUpError with its reason if it refuses."""
        words = {name: str(value) for name, value in parameters.items()}
        reply = requests.get(f"{self.url}/api/v1/{path}", params=words, timeout=_PATIENCE)
        answer = reply.json()
        if answer["status"] != "success":
            raise GiveUpError(f"{parameters}: {answer['error']}")
        return answer["data"]

    def lines(self, expression: str, since: float, step: float | None = None) -> list[dict[str, Any]]:
        """Return the series of an expression from a moment until now: `metric`, and `values` as pairs."""
        found: list[dict[str, Any]] = self.ask(
            "query_range", query=expression, start=since, end=time.time(), step=step or self._interval
        )["result"]
        return found

    def _targets(self, environment: Mapping[str, str]) -> dict[str, list[str]]:
        known = State(self._instance.directory / "state.json").ports
        targets = {
            job: [f"{_LOCAL}:{port}" for name, port in known.items() if kind(name) == program]
            for job, program in _JOBS.items()
        }
        return targets | {"gateway": [urlsplit(url).netloc for url in environment["BARAZA_GATEWAYS"].split()]}

    def _start_prometheus(self, port: int, targets: Mapping[str, list[str]], environment: Mapping[str, str]) -> None:
        token = environment.get("METRICS_TOKEN", "")
        secret = self._directory / "metrics-token"
        write_private(secret, token)
        configuration = configured(targets, self._interval, environment["BARAZA_URL"], secret if token else None)
        write_private(self._directory / "prometheus.yml", yaml.safe_dump(configuration))
        command = (
            "prometheus",
            f"--config.file={self._directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._data}",
            "--storage.tsdb.retention.time=1d",
            f"--web.listen-address={_LOCAL}:{port}",
        )
        process = self._start("prometheus", command, {})
        self.url = f"http://{_LOCAL}:{port}"
        until(lambda: self._ready(process), "Prometheus", _LIMIT)

    def _start(self, name: str, command: tuple[str, ...], variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        marker = {processes.MARKER: str(self._instance.directory)}
        with (self._instance.directory / "log" / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - the distribution's programs
                command,
                env={"PATH": os.environ["PATH"], **variables, **marker},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def _ready(self, process: "subprocess.Popen[bytes]") -> bool:
        if process.poll() is not None:
            raise GiveUpError(f"Prometheus ended, see {self._instance.directory / 'log' / 'prometheus.log'}")
        targets = self.ask("targets", state="active")["activeTargets"]  # it finds them five seconds after its start
        return bool(targets) and all(target["health"] != "unknown" for target in targets)


def configured(targets: Mapping[str, list[str]], interval: int, url: str, token: Path | None) -> dict[str, Any]:
    """Return docker/monitoring/prometheus.yml with other targets; jobs without any are left out."""
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    seconds = f"{interval}s"
    found["global"] = {"scrape_interval": seconds, "scrape_timeout": seconds, "evaluation_interval": seconds}
    found["rule_files"] = [str(MONITORING / name) for name in found["rule_files"]]
    found["scrape_configs"] = [job for job in found["scrape_configs"] if targets.get(job["job_name"])]
    for job in found["scrape_configs"]:
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
        if job["job_name"] == "gateway":
            job["scheme"] = urlsplit(url).scheme
            job["tls_config"] = {"insecure_skip_verify": True}  # its certificate need not name 127.0.0.1
        if job.pop("authorization", None) and token:
            job["authorization"] = {"credentials_file": str(token)}
    return found


def postgresql_servers(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the variables of an exporter for each server; two databases may be on the same."""
    found: dict[str, dict[str, str]] = {}
    for prefix in _DATABASES:
        host, port = environment[f"{prefix}_HOST"], environment.get(f"{prefix}_PORT") or "5432"
        mode = "disable" if host in {_LOCAL, "localhost"} else "require"  # the exporter has nothing between
        found.setdefault(
            f"postgresql-exporter-{host}-{port}",
            {
                "DATA_SOURCE_URI": f"{host}:{port}/{environment[f'{prefix}_DB']}?sslmode={mode}",
                "DATA_SOURCE_USER": environment[f"{prefix}_USER"],
                "DATA_SOURCE_PASS": environment[f"{prefix}_PASSWORD"],
            },
        )
    return found


def redis_server(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of Redis' exporter."""
    parts = urlsplit(environment["REDIS_URL"])
    variables = {"REDIS_ADDR": f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}"}
    if parts.username:
        variables["REDIS_USER"] = parts.username
    return variables | {"REDIS_PASSWORD": parts.password or ""}
