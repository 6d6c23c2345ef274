"""Dashboards and alerts against what they look at and what is written about them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker.dev.prometheus import MONITORING, configured, postgresql_servers, redis_server
from docker.monitoring.pages.overview import OVERVIEW
from docker.monitoring.panels import COLUMNS, Dashboard
from docker.monitoring.picture import shown

from docker.monitoring import dashboards

DOCS = MONITORING.parents[1] / "docs"
NAME = re.compile(r"\b(?:baraza|rabbitmq|pg|redis|process|up)(?:_\w+)?\b(?=[\[{ )]|$)")
SUFFIX = re.compile(r"_(bucket|count|sum|total)$")
EXPORTERS = ("rabbitmq_", "pg_", "redis_", "process_")  # of others; prometheus-client has process_


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def load(name: str) -> dict[str, Any]:
    """Read it as it stands: Nameko has SafeLoader fill in variables, once anybody in the process has asked for that."""
    found: dict[str, Any] = yaml.load(read(MONITORING / name), yaml.CSafeLoader)
    return found


CONTAINERS: dict[str, Any] = load("../compose.yml")["services"]
RULES = [rule for group in load("alerts.yml")["groups"] for rule in group["rules"]]
PANELS = [pytest.param(panel, id=f"{board.uid}: {panel.title}") for board in dashboards.ALL for panel in board.panels]
EXPRESSIONS = [query.expression for board in dashboards.ALL for panel in board.panels for query in panel.queries]
each_board = pytest.mark.parametrize("board", dashboards.ALL, ids=lambda board: board.uid)
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


# Dashboards


@each_board
def test_a_dashboards_file_is_what_the_code_makes(board: Dashboard) -> None:
    assert read(dashboards.FOLDER / f"{board.uid}.json") == board.json(), "python -m docker.monitoring.dashboards"


def test_there_are_no_other_files() -> None:
    assert {file.stem for file in dashboards.FOLDER.iterdir()} == {board.uid for board in dashboards.ALL}


@each_board
def test_panels_stand_side_by_side_and_never_on_top_of_each_other(board: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(board.json())["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows(panel: Any) -> None:
    assert panel.description.endswith(".")
    assert panel.unit
    assert all(query.legend for query in panel.queries)
    assert list(panel.limits) == sorted(panel.limits)


def test_what_falls_turns_red_and_what_rises_too() -> None:
    stat, share, *_ = json.loads(OVERVIEW.json())["panels"]
    colours = [
        [(step["color"], step["value"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        for panel in (stat, share)
    ]
    assert colours == [[("red", None), ("green", 1)], [("green", None), ("orange", 0.005), ("red", 0.02)]]


def test_dashboards_and_their_source_know_each_other() -> None:
    (source,) = load("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    used = {panel["datasource"]["uid"] for board in dashboards.ALL for panel in json.loads(board.json())["panels"]}
    assert used == {source["uid"]}
    (provider,) = load("grafana/provisioning/dashboards/baraza.yml")["providers"]
    mounts = CONTAINERS["grafana"]["volumes"]
    assert f"./monitoring/dashboards:{provider['options']['path']}:ro" in mounts


@pytest.mark.parametrize(
    ("number", "unit", "words"),
    [
        (0, "s", "0 s"),
        (0.0421, "s", "42.1 ms"),
        (12, "s", "12 s"),
        (0.025, "percentunit", "2.5 %"),
        (3 * 1024**2, "bytes", "3 MiB"),
        (2.5, "reqps", "2.5 req/s"),
        (7, "short", "7"),
    ],
)
def test_numbers_are_drawn_with_their_unit(number: float, unit: str, words: str) -> None:
    assert shown(number, unit) == words


def test_the_drawing_of_the_overview_has_its_panels_and_needs_nothing_from_elsewhere() -> None:
    drawing = read(DOCS / "overview.svg").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in drawing
    assert all(f">{panel.title}</text>" in drawing for panel in OVERVIEW.panels)


# Metrics


def test_every_metric_that_is_looked_at_is_documented_or_an_exporters() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", read(DOCS / "metrics.md"), re.MULTILINE))
    names = {name for text in (*EXPRESSIONS, *(rule["expr"] for rule in RULES)) for name in NAME.findall(text)}
    own = {SUFFIX.sub("", name) for name in names if name != "up" and not name.startswith(EXPORTERS)}
    assert own - documented == set()


def test_every_metric_of_ours_is_looked_at() -> None:
    documented = set(re.findall(r"^\| `(baraza_\w+)` \|", read(DOCS / "metrics.md"), re.MULTILINE))
    looked_at = {SUFFIX.sub("", name) for text in EXPRESSIONS for name in NAME.findall(text)}
    assert documented - looked_at == set()


# Alerts


@each_rule
def test_an_alert_says_how_bad_it_is_and_what_it_means(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert "for" in rule


@each_rule
def test_an_alert_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    section = read(DOCS / "runbook.md").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    places = [section.find(part) for part in ("**What it means.**", "**Look.**", "```", "**Do.**")]
    assert -1 not in places
    assert places == sorted(places)


def test_the_runbook_tells_of_no_other_alert() -> None:
    headings = re.findall(r"^## (\w+)$", read(DOCS / "runbook.md"), re.MULTILINE)
    assert set(headings) == {rule["alert"] for rule in RULES}


def test_every_alert_is_tested() -> None:
    assert [rule["alert"] for rule in RULES if rule["alert"] not in read(MONITORING / "alerts_test.yml")] == []


@pytest.mark.parametrize("words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_promtool_is_content(words: tuple[str, ...]) -> None:
    done = subprocess.run(  # noqa: S603 - bootstrap.sh installs it
        ("/usr/bin/promtool", *words), cwd=MONITORING, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# Where Prometheus runs


def targets(configuration: dict[str, Any]) -> dict[str, list[str]]:
    return {job["job_name"]: job["static_configs"][0]["targets"] for job in configuration["scrape_configs"]}


def test_prometheus_looks_at_containers_that_there_are() -> None:
    hosts = {target.partition(":")[0] for found in targets(load("prometheus.yml")).values() for target in found}
    assert hosts <= CONTAINERS.keys()


def test_every_process_of_compose_is_looked_at() -> None:
    jobs = targets(load("prometheus.yml"))
    assert {"users", "feeds", "notifications", "deliveries", "gateway-service", "gateway"} <= jobs.keys()
    port = load("../compose.yml")["x-common-environment"]["METRICS_PORT"]
    assert jobs["users"] == [f"users:{port}"]


def test_on_this_machine_only_the_targets_differ(tmp_path: Path) -> None:
    here = {"users": ["127.0.0.1:1"], "gateway": ["127.0.0.1:2"], "redis": ["127.0.0.1:3"]}
    open_to_us = configured(here, 1, "http://127.0.0.1:2", None)
    assert targets(open_to_us) == here
    assert all("authorization" not in job for job in open_to_us["scrape_configs"])
    assert open_to_us["rule_files"] == [str(MONITORING / "alerts.yml")]
    guarded = configured(here, 1, "https://127.0.0.1:2", tmp_path / "token")
    (gateway,) = [job for job in guarded["scrape_configs"] if job["job_name"] == "gateway"]
    assert gateway["scheme"] == "https"
    assert gateway["authorization"] == {"credentials_file": str(tmp_path / "token")}


def test_two_databases_on_one_server_have_one_exporter() -> None:
    one = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "5", "POSTGRES_DB": "d", "POSTGRES_USER": "u"}
    one |= {"POSTGRES_PASSWORD": "p"}
    both = one | {f"GATEWAY_{name}": value for name, value in one.items()}
    assert [server["DATA_SOURCE_URI"] for server in postgresql_servers(both).values()] == [
        "127.0.0.1:5/d?sslmode=disable"
    ]
    apart = both | {"GATEWAY_POSTGRES_HOST": "db.example.org"}
    assert len(postgresql_servers(apart)) == 2


def test_the_password_of_redis_stands_in_no_address() -> None:
    variables = redis_server({"REDIS_URL": "rediss://me:secret@cache.example.org/0"})
    assert variables == {
        "REDIS_ADDR": "rediss://cache.example.org:6379",
        "REDIS_USER": "me",
        "REDIS_PASSWORD": "secret",
    }


# Containers


@pytest.mark.parametrize("name", [name for name, one in CONTAINERS.items() if one.get("profiles") == ["monitoring"]])
def test_a_container_that_watches_is_pinned_and_may_do_little(name: str) -> None:
    container = CONTAINERS[name]
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", container["image"])
    assert container["read_only"]
    assert container["cap_drop"] == ["ALL"]
    assert container["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in container.get("ports", ()))
