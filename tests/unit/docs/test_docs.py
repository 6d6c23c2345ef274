"""The documentation against the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nameko.containers import get_service_name
from nameko.extensions import Entrypoint
from prometheus_client.metrics import MetricWrapperBase

import gateway.metrics
import notifications.metrics
import users.metrics
from chassis.amqp.entrypoints import find
from chassis.contract import Event
from chassis.events.handler import EventHandler
from chassis.observability import metrics as chassis_metrics
from chassis.rpc.entrypoint import Rpc
from chassis.rpc.introspection import summary
from dev.platform.environment import variables
from gateway.http.openapi.document import document
from gateway.routing.table import ROUTES
from tests.unit.containers.project import ROOT, package_names, setup_cfg, text
from tests.unit.contracts.surface import events, service_classes

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "examples").glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TO_BE_CREATED = {"notifications/channels/push/"}  # by who follows docs/howto/channel.md

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
FILE = re.compile(r"[\w.-]+(/[\w.-]+)*\.(py|md|yml|cfg|toml|lua|svg|sh|lock)")
FOLDER = re.compile(r"\w+(/\w+)*/")

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8")).replace("\n", " ")


def rows(page: str) -> Iterator[list[str]]:
    for line in ROW.findall(text(page)):
        yield [cell.strip() for cell in line.split("|")]


def spans(cell: str) -> list[str]:
    return SPAN.findall(cell)


def first_spans(page: str) -> set[str]:
    return {span for row in rows(page) for span in spans(row[0])}


def each_page(test: Any) -> Any:
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))(test)


@each_page
def test_variables_in_a_page_exist(page: Path) -> None:
    named = {span for span in spans(prose(page)) if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", span)}
    assert named <= variables(text("config.yml")).keys() | set(
        re.findall(r"^([A-Z_]+)=", text("docker/secrets.sh"), re.MULTILINE)
        + re.findall(r"\$\{([A-Z_]+)", text("docker/compose.yml"))
    )


# HTTP


BESIDE_THE_TABLE = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs/"),
    ("POST", "/callbacks/africastalking/<secret>/"),
    ("GET", "/unsubscribe/<token>/"),
}


def test_http_documentation_has_every_route_and_no_other() -> None:
    routes = {(route.method, path) for route in ROUTES for path in route.paths}
    page = text("docs/http-api.md").replace("`GET\n/", "`GET /")
    documented = re.findall(r"`(GET|POST|PUT|DELETE|PATCH) (/[^\s?`]+)[^`]*`", page)
    assert set(documented) - BESIDE_THE_TABLE == routes


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_route_is_documented_with_its_callers_and_status(route: Any) -> None:
    row = next(row for row in rows("docs/http-api.md") if f"{route.method} {route.paths[0]}" in spans(row[0]))
    assert spans(row[0]) == [f"{route.method} {path}" for path in route.paths]
    assert row[1] == route.access.value
    assert row[3].startswith(str(route.status))


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method != "GET"], ids=lambda route: route.name)
def test_request_fields_are_documented(route: Any) -> None:
    row = next(row for row in rows("docs/http-api.md") if f"{route.method} {route.paths[0]}" in spans(row[0]))
    assert all(re.search(rf"\b{field}\b", row[2]) for field in route.request.model_fields)


def codes(node: Any) -> Iterator[str]:
    """Yield the error codes of an OpenAPI document, which are in the examples of its responses."""
    if isinstance(node, dict):
        if "status" in node and isinstance(node.get("code"), str):
            yield node["code"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from codes(child)


def test_error_codes_are_documented() -> None:
    found = set(codes(document(ROUTES)))
    assert found
    assert found <= set(spans(prose(ROOT / "docs/http-api.md")))


# RPC and events


def entrypoints() -> Iterator[tuple[str, str, Any]]:
    """Yield service, method and entrypoint of every service class."""
    for service in service_classes():
        for method, entrypoint in find(service, Entrypoint):
            yield get_service_name(service), method.__name__, entrypoint


def catalogue_row(name: str) -> list[str]:
    return next(row for row in rows("docs/rpc-and-events.md") if name in spans(row[0]))


def test_catalogue_has_every_rpc_method_and_no_other() -> None:
    methods = {f"{service}.{method}" for service, method, entrypoint in entrypoints() if isinstance(entrypoint, Rpc)}
    common = {method for method in methods if method.endswith((".ping", ".describe"))}
    assert {name for name in first_spans("docs/rpc-and-events.md") if "." in name} == methods - common
    assert common <= set(spans(prose(ROOT / "docs/rpc-and-events.md")))


def test_every_rpc_method_has_a_docstring() -> None:
    methods = [method for service in service_classes() for method, _ in find(service, Rpc)]
    assert [method.__qualname__ for method in methods if not summary(method)] == []


def test_catalogue_has_every_event_and_no_other() -> None:
    assert {name for name in first_spans("docs/rpc-and-events.md") if "." not in name} == {one.type for one in events()}


@pytest.mark.parametrize("event", events(), ids=lambda event: event.type)
def test_event_is_documented_with_its_source_and_durability(event: type[Event]) -> None:
    assert catalogue_row(event.type)[1:3] == [event.source, "yes" if event.durable else "no"]


def test_event_handlers_are_documented_with_their_event() -> None:
    handlers = [(method, one.event.type) for _, method, one in entrypoints() if isinstance(one, EventHandler)]
    assert handlers
    assert all(method in spans(catalogue_row(event)[4]) for method, event in handlers)


# Metrics


def test_metrics_are_documented_with_kind_and_labels_and_no_others() -> None:
    modules = (gateway.metrics, chassis_metrics, notifications.metrics, users.metrics)
    own = [metric for module in modules for metric in vars(module).values() if isinstance(metric, MetricWrapperBase)]
    documented = {
        spans(name)[0]: (kind, spans(labels)) for name, kind, labels, *_ in rows("docs/metrics.md") if spans(name)
    }
    assert documented == {one._name: (one._type, list(one._labelnames)) for one in own}  # noqa: SLF001 - no other way


# The specification


def test_tests_in_a_page_exist() -> None:
    named = {
        span for page in PAGES for span in spans(page.read_text(encoding="utf-8")) if re.fullmatch(r"test_\w+", span)
    }
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert named <= there


def test_every_fact_about_the_stack_names_its_evidence() -> None:
    facts = [row for row in rows("docs/nameko.md") if row[0] not in {"fact", "---"}]
    assert facts
    assert [row[0] for row in facts if len(row) != 4 or not row[3]] == []


def test_dependencies_are_documented_and_no_others() -> None:
    extras = setup_cfg()["options.extras_require"].values()
    names = set().union(*map(package_names, [setup_cfg()["options"]["install_requires"], *extras]))
    assert {name.lower() for name in first_spans("docs/dependencies.md")} == names


# Commands, links and paths


@each_page
def test_make_targets_in_a_page_exist(page: Path) -> None:
    code = [*spans(prose(page)), *FENCE.findall(page.read_text(encoding="utf-8"))]
    named = {target for part in code for target in re.findall(r"(?<![\w-])make ([a-z-]+)", part)}
    assert named <= set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


@each_page
def test_python_modules_in_a_page_exist(page: Path) -> None:
    named = re.findall(r"python -m ((?:chassis|docker|dev)[\w.]*)", page.read_text(encoding="utf-8"))
    files = [(f"{name}.py", f"{name}/__main__.py") for name in (module.replace(".", "/") for module in named)]
    assert all(any((ROOT / path).exists() for path in either) for either in files)


def exists(path: str, page: Path) -> bool:
    """Return whether a path exists below the root or beside a page, or a name in a package or one of its rooms."""
    if "/" in path.rstrip("/"):
        return (ROOT / path).exists() or (page.parent / path).exists()
    packages = [ROOT / name for name in ("chassis", "users", "feeds", "notifications", "gateway")]
    rooms = [room for package in packages for room in package.iterdir() if room.is_dir()]
    return any((folder / path).exists() for folder in (ROOT, ROOT / "docs", page.parent, *packages, *rooms))


@each_page
def test_files_and_folders_in_a_page_exist(page: Path) -> None:
    named = [span for span in spans(prose(page)) if FILE.fullmatch(span) or FOLDER.fullmatch(span)]
    assert [path for path in named if path not in TO_BE_CREATED and not exists(path, page)] == []


@each_page
def test_page_has_no_absolute_path_of_a_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|root|tmp|mnt)/", page.read_text(encoding="utf-8"))


def test_pictures_name_the_page_and_the_lease_of_the_configuration() -> None:
    config = text("config.yml")
    (page,) = re.findall(r"^  audience:\n    page: (\d+) ", config, re.MULTILINE)
    (lease,) = re.findall(r"^  delivery:\n(?:    .*\n)*?    lease: (\d+) ", config, re.MULTILINE)
    assert f">{int(page):,} per page<" in text("docs/images/post.svg")
    assert f"lease of {lease} seconds" in text("docs/images/delivery.svg")


@pytest.mark.parametrize("file", ["docs/images/architecture.svg", "docs/images/overview.svg"])
def test_drawing_loads_nothing_from_other_hosts(file: str) -> None:
    drawing = text(file).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in re.sub(r">[^<]*<", "><", drawing)
