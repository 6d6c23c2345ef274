"""A real Prometheus beside the platform: every panel of every dashboard, and every alert, has data."""

import json
import re
import secrets
import time
from collections.abc import Iterator
from math import isfinite
from typing import Any

import pytest
import requests
import yaml

from dev.commands.operator import monitoring
from dev.machine.files import ROOT
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person, receive_notification, received
from tests.e2e.support.vendors import TIMEOUT, texts_to

MONITORING = ROOT / "docker" / "monitoring"
RUNBOOK = ROOT / "docs" / "runbook.md"
INTERVAL = 1  # seconds
WINDOW = "$__rate_interval"  # Grafana replaces it
ROUNDS = 3

# Series that exist only after failures that a test cannot cause.
NEVER = {'baraza_rpc_seconds_count{outcome="error"}'}

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


class Watched:
    """What Prometheus has measured since a moment."""

    def __init__(self, url: str) -> None:
        self.since = time.time()
        self._url = url

    def query(self, path: str, **parameters: object) -> Any:
        words = {name: str(value) for name, value in parameters.items()}
        document = requests.get(f"{self._url}/api/v1/{path}", words, timeout=TIMEOUT).json()
        assert document["status"] == "success", document
        return document["data"]

    def series(self, expression: str) -> list[dict[str, Any]]:
        found = self.query("query_range", query=expression, start=self.since, end=time.time(), step=INTERVAL)
        return list(found["result"])

    def values(self, expression: str) -> list[float]:
        """Return all numbers of an expression."""
        series = self.series(expression.replace(WINDOW, "10s"))
        return [number for one in series for _, word in one["values"] if isfinite(number := float(word))]


@pytest.fixture(scope="module")
def watched(platform: Instance) -> Iterator[Watched]:
    """Let people live for some seconds, and let a few things go wrong, while Prometheus looks on."""
    with monitoring(platform, INTERVAL) as url:
        watched = Watched(url)
        live(platform)
        go_wrong(platform)
        time.sleep(2 * INTERVAL)  # the last scrape
        yield watched


def live(platform: Instance) -> None:
    url = platform.environment["BARAZA_URL"]
    author, reader = Person(url), Person(url)
    phone = f"+254714{secrets.randbelow(10**6):06d}"
    author.register()
    author.login()
    reader.register(phone=phone, notify_by=["realtime", "email", "sms"])
    reader.login()
    socket = reader.listen()
    assert received(socket)["type"] == "ready"
    for number in range(ROUNDS):
        author.writes(f"number {number}")
        receive_notification(socket)
        for path in ("/all-posts/", "/users/all/", "/notifications/"):
            assert reader.get(path).status_code == 200
        until(lambda: len(texts_to(platform.environment, phone)) == number + 1, "the SMS", 30)  # noqa: B023
        assert reader.put("/update-account/", {"username": f"{reader.name}.{number}"}).status_code == 200
    author.close()
    reader.close()


def go_wrong(platform: Instance) -> None:
    """An unreachable phone, too many requests, a hanging service."""
    url, sms = platform.environment["BARAZA_URL"], platform.environment["BARAZA_SMS"]
    phone = f"+254715{secrets.randbelow(10**6):06d}"
    script = {"report": {"status": "Failed", "reason": "AbsentSubscriber", "early": True}, "to": phone}
    requests.post(f"{sms}/faults", json=script, timeout=TIMEOUT).raise_for_status()
    author, reader, visitor = Person(url), Person(url), Person(url)
    for person in (author, reader):
        person.register(phone=phone, notify_by=["sms"]) if person is reader else person.register(notify_by=[])
        person.login()
    post = author.writes("Is this number reachable?")
    until(lambda: bool(texts_to(platform.environment, phone)), "the SMS", 30)
    assert [visitor.get("/all-posts/").status_code for _ in range(101)][-1] == 429
    with Operator(platform.environment) as operator:
        operator("gateway.set_route", name="post-detail", deadline=1)
        platform.control.pause("feeds.service")
        try:
            assert {author.get(f"/post-detail/{post['id']}/").status_code for _ in range(3)} <= {503, 504}
        finally:
            platform.control.resume("feeds.service")
            operator("gateway.reset_route", name="post-detail")
    for person in (author, reader, visitor):
        person.close()


@pytest.mark.parametrize("query", QUERIES)
def test_dashboard_panel_has_data(watched: Watched, query: str) -> None:
    assert watched.values(query)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert_expression_has_data(watched: Watched, rule: dict[str, Any]) -> None:
    watched.values(rule["expr"])
    selectors = [re.sub(r"\[\w+]", "", selector) for selector in SELECTOR.findall(rule["expr"])]
    assert selectors
    assert [one for one in selectors if one not in NEVER and not watched.values(one)] == []


def test_prometheus_scrapes_every_process_and_server(watched: Watched) -> None:
    targets = watched.query("targets", state="active")["activeTargets"]
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert {target["labels"]["job"]: target["lastError"] for target in targets} == {job["job_name"]: "" for job in jobs}


def test_hanging_process_raises_an_alert(watched: Watched) -> None:
    lines = watched.series("ALERTS")
    assert ("ProcessAway", "feeds") in {(line["metric"]["alertname"], line["metric"].get("job")) for line in lines}


def test_prometheus_loads_the_rules(watched: Watched) -> None:
    groups = watched.query("rules")["groups"]
    loaded = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert loaded == {rule["alert"]: "ok" for rule in RULES}


@pytest.mark.parametrize("question", re.findall(r"^ask '(.+)'", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
def test_runbook_query_is_valid(watched: Watched, question: str) -> None:
    watched.query("query", query=question)
    names = [selector.partition("{")[0] for selector in SELECTOR.findall(question)]
    assert [name for name in names if not watched.values(name)] == []
