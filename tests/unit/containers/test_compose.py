import importlib
import inspect
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chassis.amqp import entrypoints
from chassis.events.handler import EventHandler
from docker.dev import programs
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, VHOST
from tests.unit.containers.places import ROOT, SERVICES, compose, release, text, variables

CONTAINERS: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name: one for name, one in CONTAINERS.items() if one["image"].startswith("baraza-")}
RUNNING = {name: one for name, one in OURS.items() if one["restart"] != "no"}

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")

each_container = pytest.mark.parametrize("name", CONTAINERS)
each_of_ours = pytest.mark.parametrize("name", OURS)


def image(name: str) -> str:
    """Return the folder of a container's image: users."""
    return str(OURS[name]["build"]["dockerfile"]).split("/")[1]


def command(name: str) -> str:
    """Return what a container of ours runs, in words."""
    default = re.findall(r"^CMD \[(.+)\]$", text(f"docker/{image(name)}/Dockerfile"), re.MULTILINE)[0]
    return " ".join(OURS[name].get("command") or re.findall(r'"([^"]+)"', default))


def checked(name: str) -> bool:
    """Tell whether Docker knows a container's health."""
    check = CONTAINERS[name].get("healthcheck", {})
    return "test" in check or (name in RUNNING and "\nHEALTHCHECK " in text(f"docker/{image(name)}/Dockerfile"))


def hears_events(module: str) -> bool:
    classes = [one for _, one in inspect.getmembers(importlib.import_module(module), inspect.isclass)]
    return any(list(entrypoints.find(one, EventHandler)) for one in classes if one.__module__ == module)


def test_it_is_readable_by_the_first_docker_compose_too() -> None:
    assert "name" not in compose()


@pytest.mark.parametrize("module", [*programs.SERVICES, programs.GATEWAY])
def test_every_process_of_the_platform_has_a_container(module: str) -> None:
    assert sum(re.search(rf"\b{re.escape(module)}\b", command(name)) is not None for name in RUNNING) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_every_database_is_migrated_before_its_service_starts(service: str) -> None:
    migrations = next(name for name in OURS if command(name) == f"python -m chassis.commands.migrate {service}")
    for name in RUNNING:
        if image(name) == service:
            assert OURS[name]["depends_on"][migrations] == {"condition": "service_completed_successfully"}


def test_the_queues_of_everybody_who_hears_events_are_there_before_anybody_starts() -> None:
    steps = [name for name in OURS if "chassis.commands.declare_queues" in command(name)]
    declared = {module for name in steps for module in command(name).split()[3:]}
    assert {module for module in programs.SERVICES if hears_events(module)} <= declared
    for name in RUNNING:
        if "profiles" not in OURS[name]:
            assert set(steps) <= OURS[name]["depends_on"].keys()


@pytest.mark.parametrize("name", [name for name in OURS if image(name) in SERVICES])
def test_a_container_gets_every_variable_of_its_service(name: str) -> None:
    given = OURS[name]["environment"]
    wanted = variables(image(name))
    assert wanted.keys() <= given.keys()
    for variable, required in wanted.items():
        assert given[variable] is not None or not required, variable


@each_container
def test_whatever_a_container_waits_for_exists_and_can_come_true(name: str) -> None:
    for other, condition in CONTAINERS[name].get("depends_on", {}).items():
        if condition["condition"] == "service_healthy":
            assert checked(other)
        else:
            assert condition["condition"] == "service_completed_successfully"
            assert CONTAINERS[other]["restart"] == "no"
        assert CONTAINERS[other].get("profiles") in (None, CONTAINERS[name].get("profiles"))


@each_container
def test_networks_and_named_volumes_are_declared(name: str) -> None:
    assert set(CONTAINERS[name]["networks"]) <= compose()["networks"].keys()
    for volume in CONTAINERS[name].get("volumes", []):
        source = volume.partition(":")[0]
        assert source in compose()["volumes"] or (ROOT / "docker" / source).exists()


@each_of_ours
def test_a_container_of_ours_is_of_this_release_and_built_from_this_tree(name: str) -> None:
    container = OURS[name]
    assert container["image"] == f"baraza-{image(name)}:${{RELEASE:-{release()}}}"
    assert container["build"]["args"]["RELEASE"] == f"${{RELEASE:-{release()}}}"
    assert (ROOT / "docker" / container["build"]["context"]).resolve() == ROOT
    assert (ROOT / container["build"]["dockerfile"]).is_file()


@each_of_ours
def test_a_container_of_ours_may_do_little(name: str) -> None:
    container = OURS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "cap_add" not in container
    assert "user" not in container


@each_container
def test_a_container_has_limits_and_keeps_its_logs_small(name: str) -> None:
    container = CONTAINERS[name]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["cap_drop"] == ["ALL"]
    assert container["mem_limit"]
    assert container["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "privileged" not in container


def test_only_the_gateway_can_be_reached_from_elsewhere() -> None:
    ports = {name: one["ports"] for name, one in CONTAINERS.items() if "ports" in one}
    assert ports.pop("gateway") == ["${PUBLISH:-127.0.0.1:8000}:8000"]
    assert all(CONTAINERS[name]["profiles"] in (["dev"], ["monitoring"]) for name in ports)
    assert all(port.startswith("127.0.0.1:") for found in ports.values() for port in found)


@pytest.mark.parametrize("service", ["users", "gateway"])
def test_a_database_is_on_a_network_with_its_service_alone(service: str) -> None:
    (network,) = CONTAINERS[f"{service.removesuffix('s')}-postgres-service"]["networks"]
    assert compose()["networks"][network] == {"internal": True}
    others = [name for name, one in CONTAINERS.items() if network in one["networks"] and name in OURS]
    assert {image(name) for name in others} == {service}


@pytest.mark.parametrize("name", [name for name in OURS if image(name) in SERVICES])
def test_a_container_of_a_service_has_that_services_user_of_the_broker_and_no_other(name: str) -> None:
    password = f"RABBITMQ_{image(name).upper()}_PASSWORD"
    uri = f"pyamqp://{image(name)}:${{{password}:?run make secrets first}}@rabbitmq:5672/{VHOST}"
    assert OURS[name]["environment"]["AMQP_URI"] == uri
    assert re.findall(r"RABBITMQ\w+", str(OURS[name])) == [password]


def test_the_broker_begins_with_a_user_for_every_account_and_no_other(tmp_path: Path) -> None:
    """Run what its container runs, with programs that do nothing in place of what only its image has."""
    broker = CONTAINERS["rabbitmq"]
    for program in ("chown", "docker-entrypoint.sh"):
        (tmp_path / program).write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    passwords = {name: f"password of {name}" for name in broker["environment"] if name.endswith("_PASSWORD")}
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FOLDER": str(tmp_path), **passwords}
    command = [ROOT / "docker/rabbitmq/start.sh", *broker["command"]]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    assert ran.stdout.splitlines()[-1] == "rabbitmq-server"
    (written,) = tmp_path.glob("*.json")
    assert written.stat().st_mode & 0o077 == 0
    definitions = json.loads(written.read_text(encoding="utf-8"))
    assert definitions["vhosts"] == [{"name": VHOST}]
    accounts = {account.name: f"RABBITMQ_{account.name.upper()}_PASSWORD" for account in ACCOUNTS}
    found = {user["name"]: user["password"].removeprefix("password of ") for user in definitions["users"]}
    assert found == {ADMINISTRATOR: "RABBITMQ_PASSWORD", **accounts}
    assert {user["name"] for user in definitions["users"] if user["tags"]} == {ADMINISTRATOR}


def test_the_broker_reads_its_users_before_what_they_may_do() -> None:
    mounted = [volume.split(":")[1] for volume in CONTAINERS["rabbitmq"]["volumes"]]
    folder = CONTAINERS["rabbitmq"]["environment"]["FOLDER"]
    assert f"load_definitions = {folder}" in text("docker/rabbitmq/rabbitmq.conf")
    (permissions,) = [path for path in mounted if path.startswith(folder)]
    (users,) = re.findall(r'>"\$FOLDER/(.+)"', text("docker/rabbitmq/start.sh"))
    assert f"{folder}/{users}" < permissions


@each_container
def test_no_secret_stands_in_the_file(name: str) -> None:
    container = CONTAINERS[name]
    for variable, value in container.get("environment", {}).items():
        if re.search("PASS|SECRET|KEY|TOKEN|AUTH", variable):
            assert value is None or re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), variable
