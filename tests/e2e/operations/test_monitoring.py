"""A real Prometheus scrapes the platform: every panel of every dashboard, and every alert, has data."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import pytest
import requests
import yaml

from dev.commands.operator import monitoring
from dev.fakes.sms.rules import reachable_number
from dev.machine.files import ROOT
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client
from tests.e2e.support.fakes import TIMEOUT, fail_sms, sms_to
from tests.e2e.support.frames import receive, receive_notification
from tests.e2e.support.operator import Operator

MONITORING = ROOT / "docker" / "monitoring"
RUNBOOK = ROOT / "docs" / "runbook.md"
INTERVAL = 1  # seconds between scrapes
WINDOW = "$__rate_interval"  # Grafana replaces it
POSTS = 3
LIMIT = 30  # seconds
HANGING = ("ProcessAway", "feeds")  # alert and job

# Series that exist only after failures that a test cannot cause.
MISSING = {'baraza_rpc_seconds_count{outcome="error"}'}

DASHBOARDS = [json.loads(file.read_text()) for file in sorted((MONITORING / "dashboards").iterdir())]
QUERIES = [
    pytest.param(target["expr"], id=f"{dashboard['uid']}: {panel['title']}: {target['legendFormat']}")
    for dashboard in DASHBOARDS
    for panel in dashboard["panels"]
    for target in panel["targets"]
]
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
SELECTOR = re.compile(r"\{__name__[^}]*}|\b(?:baraza|rabbitmq|pg|redis|up)(?:_\w+)?\b(?:\{[^}]*})?")


class Prometheus:
    """What Prometheus has measured since the start of the tests."""

    def __init__(self, url: str) -> None:
        self._started = time.time()
        self._url = url

    def query(self, path: str, **parameters: object) -> Any:
        """Return the data of a query of the HTTP API."""
        text = {name: str(value) for name, value in parameters.items()}
        document = requests.get(f"{self._url}/api/v1/{path}", text, timeout=TIMEOUT).json()
        assert document["status"] == "success", document
        return document["data"]

    def series(self, expression: str) -> list[dict[str, Any]]:
        data = self.query("query_range", query=expression, start=self._started, end=time.time(), step=INTERVAL)
        return list(data["result"])

    def values(self, expression: str) -> list[float]:
        """Return all finite values of an expression."""
        series = self.series(expression.replace(WINDOW, "10s"))
        return [value for one in series for _, text in one["values"] if isfinite(value := float(text))]

    def targets(self) -> list[dict[str, Any]]:
        """Return every process and server that is scraped, with its last scrape."""
        return list(self.query("targets", state="active")["activeTargets"])

    def wait_for_scrape(self) -> None:
        """Wait until every target has been scraped again. On a busy machine a scrape may fail: it may take a second."""
        now = datetime.now(UTC)

        def scraped() -> bool:
            return all(
                target["health"] == "up" and datetime.fromisoformat(target["lastScrape"]) > now
                for target in self.targets()
            )

        until(scraped, "a scrape of every target", LIMIT)

    def alerts(self) -> set[tuple[str, str]]:
        """Return name and job of the alerts that have been active since the start."""
        series = [one["metric"] for one in self.series("ALERTS")]
        return {(one["alertname"], one.get("job", "")) for one in series}


@pytest.fixture(scope="module")
def prometheus(platform: Instance) -> Iterator[Prometheus]:
    """Let Prometheus scrape the platform while users use it and while some things fail."""
    with monitoring(platform, INTERVAL) as url:
        prometheus = Prometheus(url)
        use(platform, prometheus)
        fail(platform, prometheus)
        prometheus.wait_for_scrape()
        yield prometheus


def use(platform: Instance, prometheus: Prometheus) -> None:
    """Send posts by every channel, and requests to the main routes; scrapes in between show rates."""
    url = platform.environment["BARAZA_URL"]
    author, reader = Client(url), Client(url)
    phone = reachable_number()
    author.register(notify_by=[])
    reader.register(phone=phone, notify_by=["realtime", "email", "sms"])  # this issues a code
    with Operator(platform.environment) as operator:
        operator.verify(reader.username)
    for user in (author, reader):
        user.login()
    websocket = reader.connect()
    assert receive(websocket)["type"] == "ready"
    for number in range(1, POSTS + 1):
        author.create_post(f"number {number}")
        receive_notification(websocket)
        for path in ("/all-posts/", "/users/all/", "/notifications/"):
            assert reader.get(path).status_code == 200
        until(lambda: len(sms_to(platform.environment, phone)) == number, "the SMS", 30)  # noqa: B023
        assert reader.put("/update-account/", {"username": f"{reader.username}.{number}"}).status_code == 200
        prometheus.wait_for_scrape()
    for user in (author, reader):
        user.logout_and_close()


def fail(platform: Instance, prometheus: Prometheus) -> None:
    """An unreachable phone, too many requests, a hanging service."""
    url = platform.environment["BARAZA_URL"]
    phone = reachable_number()
    fail_sms(platform.environment, phone)
    author, reader, anonymous = Client(url), Client(url), Client(url)
    author.register(notify_by=[])
    reader.register(phone=phone, notify_by=["sms"])
    with Operator(platform.environment) as operator:
        operator.verify(reader.username)
    for user in (author, reader):
        user.login()
    post = author.create_post("Is this number reachable?")
    until(lambda: bool(sms_to(platform.environment, phone)), "the SMS", 30)
    assert [anonymous.get("/all-posts/").status_code for _ in range(101)][-1] == 429
    with Operator(platform.environment) as operator:
        operator("gateway.set_route", name="post-detail", deadline=1)
        platform.control.pause("feeds.service")
        try:
            assert {author.get(f"/post-detail/{post['id']}/").status_code for _ in range(3)} <= {503, 504}
            until(lambda: HANGING in prometheus.alerts(), "the alert", LIMIT)
        finally:
            platform.control.resume("feeds.service")
            operator("gateway.reset_route", name="post-detail")
    for client in (author, reader, anonymous):
        client.logout_and_close()


@pytest.mark.parametrize("query", QUERIES)
def test_dashboard_panel_has_data(prometheus: Prometheus, query: str) -> None:
    assert prometheus.values(query)


def test_size_of_each_database_is_measured(prometheus: Prometheus, platform: Instance) -> None:
    sizes = prometheus.series("pg_database_size_bytes")
    wanted = {platform.environment[name] for name in ("POSTGRES_DB", "GATEWAY_POSTGRES_DB")}
    assert wanted <= {one["metric"]["datname"] for one in sizes}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert_expression_has_data(prometheus: Prometheus, rule: dict[str, Any]) -> None:
    prometheus.values(rule["expr"])
    selectors = [re.sub(r"\[\w+]", "", selector) for selector in SELECTOR.findall(rule["expr"])]
    assert selectors
    assert [one for one in selectors if one not in MISSING and not prometheus.values(one)] == []


def test_prometheus_scrapes_every_process_and_server(prometheus: Prometheus) -> None:
    prometheus.wait_for_scrape()
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert {target["labels"]["job"] for target in prometheus.targets()} == {job["job_name"] for job in jobs}


def test_hanging_process_raises_an_alert(prometheus: Prometheus) -> None:
    assert HANGING in prometheus.alerts()


def test_prometheus_loads_the_rules(prometheus: Prometheus) -> None:
    groups = prometheus.query("rules")["groups"]
    loaded = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert loaded == {rule["alert"]: "ok" for rule in RULES}


@pytest.mark.parametrize("query", re.findall(r"^ask '(.+)'", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
def test_runbook_query_is_valid(prometheus: Prometheus, query: str) -> None:
    prometheus.query("query", query=query)
    names = [selector.partition("{")[0] for selector in SELECTOR.findall(query)]
    assert [name for name in names if not prometheus.values(name)] == []
