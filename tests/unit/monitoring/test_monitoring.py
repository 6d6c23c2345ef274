"""Dashboards, alerts and Prometheus against the metrics, the documentation and compose."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.machine.files import ROOT
from dev.machine.state import State
from dev.platform.instance import port_names
from dev.servers import prometheus
from tests.unit.containers.project import text

MONITORING = ROOT / "docker" / "monitoring"
NAME = re.compile(r"\b(?:baraza|rabbitmq|pg|redis|process|up)(?:_\w+)?\b(?=[\[{ )]|$)")
SUFFIX = re.compile(r"_(bucket|count|sum|total)$")
EXPORTERS = ("rabbitmq_", "pg_", "redis_", "process_")  # not our metrics; prometheus-client has process_


def load(path: str) -> dict[str, Any]:
    """Read YAML without SafeLoader, to which Nameko adds the variables of the environment."""
    found: dict[str, Any] = yaml.load((MONITORING / path).read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


CONTAINERS: dict[str, Any] = load("../compose.yml")["services"]
RULES = [rule for group in load("alerts.yml")["groups"] for rule in group["rules"]]
DASHBOARDS = {file.stem: json.loads(file.read_text()) for file in (MONITORING / "dashboards").iterdir()}
PANELS = [panel for dashboard in DASHBOARDS.values() for panel in dashboard["panels"]]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def test_every_panel_has_a_description_a_unit_and_legends() -> None:
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]


def test_grafana_finds_the_dashboards_and_their_data_source() -> None:
    assert [name for name, one in DASHBOARDS.items() if one["uid"] not in (name, f"baraza-{name}")] == []
    (source,) = load("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    (provider,) = load("grafana/provisioning/dashboards/baraza.yml")["providers"]
    assert f"./monitoring/dashboards:{provider['options']['path']}:ro" in CONTAINERS["grafana"]["volumes"]


def metrics(expressions: list[str]) -> set[str]:
    return {SUFFIX.sub("", name) for text in expressions for name in NAME.findall(text)}


def test_every_metric_in_dashboards_and_alerts_exists() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", text("docs/metrics.md"), re.MULTILINE))
    used = metrics([*EXPRESSIONS, *(rule["expr"] for rule in RULES)]) - {"up"}
    assert {name for name in used if not name.startswith(EXPORTERS)} <= documented


def test_every_metric_of_ours_is_in_a_dashboard() -> None:
    documented = set(re.findall(r"^\| `(baraza_\w+)` \|", text("docs/metrics.md"), re.MULTILINE))
    assert documented <= metrics(EXPRESSIONS)


@each_rule
def test_alert_has_a_severity_a_meaning_and_a_section_in_the_runbook(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert "for" in rule
    section = text("docs/runbook.md").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert re.search(r"\*\*Meaning\.\*\*.*\*\*Inspect\.\*\*.*```.*\*\*Fix\.\*\*", section, re.DOTALL)


def test_every_alert_is_tested_and_no_other_is_in_the_runbook() -> None:
    names = {rule["alert"] for rule in RULES}
    assert set(re.findall(r"^## (\w+)$", text("docs/runbook.md"), re.MULTILINE)) == names
    tests = text("docker/monitoring/alerts_test.yml")
    assert [name for name in names if name not in tests] == []


def targets(configuration: dict[str, Any]) -> dict[str, list[str]]:
    return {job["job_name"]: job["static_configs"][0]["targets"] for job in configuration["scrape_configs"]}


def test_prometheus_scrapes_every_process_of_compose() -> None:
    found = targets(load("prometheus.yml"))
    assert {target.partition(":")[0] for addresses in found.values() for target in addresses} <= CONTAINERS.keys()
    assert {"users", "feeds", "notifications", "deliveries", "gateway-service", "gateway"} <= found.keys()
    assert found["users"] == [f"users:{load('../compose.yml')['x-common-environment']['METRICS_PORT']}"]


ENVIRONMENT = {"BARAZA_URL": "https://127.0.0.1:2", "BARAZA_GATEWAYS": "https://127.0.0.1:2", "METRICS_TOKEN": "secret"}
ENVIRONMENT |= {f"{prefix}_{part}": "db" for prefix in ("POSTGRES", "GATEWAY_POSTGRES") for part in ("HOST", "PORT")}


def test_prometheus_on_this_machine_has_the_same_jobs(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.choose_ports(port_names({}, fixed_port=True))
    prometheus.write_configuration(tmp_path, state, ENVIRONMENT, interval=5)
    config = load(str(tmp_path / "prometheus" / "prometheus.yml"))
    assert targets(config).keys() == targets(load("prometheus.yml")).keys()
    assert targets(config)["users"] == [f"127.0.0.1:{state.ports['users.service']}"]
    (gateway,) = [job for job in config["scrape_configs"] if job["job_name"] == "gateway"]
    assert (gateway["scheme"], gateway["authorization"]) == ("https", {"credentials": "secret"})


def test_prometheus_scrapes_the_process_of_all_services(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.choose_ports(port_names({"TOPOLOGY": "small"}, fixed_port=True))
    prometheus.write_configuration(tmp_path, state, ENVIRONMENT, interval=5)
    found = targets(load(str(tmp_path / "prometheus" / "prometheus.yml")))
    assert found["services"] == [f"127.0.0.1:{state.ports['services']}"]
    assert "users" not in found


def test_two_databases_on_one_server_have_one_exporter() -> None:
    assert prometheus.postgresql_servers(ENVIRONMENT) == ["POSTGRES"]
    assert len(prometheus.postgresql_servers(ENVIRONMENT | {"GATEWAY_POSTGRES_HOST": "other"})) == 2


def test_password_of_redis_is_not_in_the_address() -> None:
    variables = prometheus.redis_variables({"REDIS_URL": "rediss://me:secret@cache.example.org/0"})
    assert variables.pop("REDIS_PASSWORD") == "secret"
    assert variables == {"REDIS_ADDR": "rediss://cache.example.org:6379", "REDIS_USER": "me"}


def test_monitoring_containers_are_pinned_and_read_only() -> None:
    containers = [one for one in CONTAINERS.values() if one.get("profiles") == ["monitoring"]]
    assert all(re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", container["image"]) for container in containers)
    assert all(container["read_only"] for container in containers)
