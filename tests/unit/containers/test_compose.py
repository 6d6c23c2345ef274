"""docker/compose.yml runs every process, in order, with its own variables and few rights."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.platform import programs
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, VHOST
from tests.unit.containers.project import (
    ROOT,
    SECRET_NAME,
    SERVICES,
    config_variables,
    missing_code,
    text,
    version,
)

# CSafeLoader, because Nameko makes SafeLoader replace variables.
COMPOSE: dict[str, Any] = yaml.load(text("docker/compose.yml"), yaml.CSafeLoader)
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
OUR_CONTAINERS = {name: options for name, options in CONTAINERS.items() if options["image"].startswith("baraza-")}
SERVICE_CONTAINERS = {name: options for name, options in OUR_CONTAINERS.items() if "profiles" not in options}
PROCESSES = {name: options for name, options in SERVICE_CONTAINERS.items() if options["restart"] != "no"}

each_container = pytest.mark.parametrize("name", CONTAINERS)
each_of_ours = pytest.mark.parametrize("name", OUR_CONTAINERS)
each_service_container = pytest.mark.parametrize("name", SERVICE_CONTAINERS)


def image(name: str) -> str:
    """Return the folder in docker/ from which the image of a container is built."""
    return str(OUR_CONTAINERS[name]["build"]["dockerfile"]).split("/")[1]


def command(name: str) -> list[str]:
    """Return the command of one of our containers."""
    default = re.findall(r"^CMD (.+)$", text(f"docker/{image(name)}/Dockerfile"), re.MULTILINE)[0]
    words: list[str] = OUR_CONTAINERS[name].get("command") or json.loads(default)
    return words


@pytest.mark.parametrize("module", [*programs.SERVICES, "gateway.server"])
def test_every_process_has_one_container(module: str) -> None:
    commands = [" ".join(command(name)) for name in PROCESSES]
    assert sum(re.search(rf"\b{re.escape(module)}\b", words) is not None for words in commands) == 1


@each_of_ours
def test_command_names_existing_code(name: str) -> None:
    assert not missing_code(command(name))
    assert not missing_code(OUR_CONTAINERS[name].get("healthcheck", {}).get("test", []))


@pytest.mark.parametrize("service", SERVICES)
def test_every_database_is_migrated_before_its_service_starts(service: str) -> None:
    migrate = ["python", "-m", "chassis.commands.migrate", service]
    (migrations,) = [name for name in OUR_CONTAINERS if command(name) == migrate]
    for name in PROCESSES:
        if image(name) == service:
            assert OUR_CONTAINERS[name]["depends_on"][migrations] == {"condition": "service_completed_successfully"}


def test_queues_of_event_consumers_are_declared_before_services_start() -> None:
    steps = {name for name in OUR_CONTAINERS if "chassis.commands.declare_queues" in command(name)}
    declared = {module for name in steps for module in command(name)[3:]}
    consumers = {module for module in programs.SERVICES if "@event_handler" in text(f"{module.replace('.', '/')}.py")}
    assert consumers
    assert consumers <= declared
    for name in PROCESSES:
        assert steps <= OUR_CONTAINERS[name]["depends_on"].keys()


@each_service_container
def test_container_gets_every_variable_of_its_service(name: str) -> None:
    environment = OUR_CONTAINERS[name]["environment"]
    variables = config_variables(image(name))
    assert variables.keys() <= environment.keys()
    for variable, required in variables.items():
        assert environment[variable] is not None or not required, variable


@each_of_ours
def test_our_image_is_built_from_this_tree_with_its_version(name: str) -> None:
    container = OUR_CONTAINERS[name]
    assert container["image"] == f"baraza-{image(name)}:${{RELEASE:-{version()}}}"
    assert container["build"]["args"]["RELEASE"] == f"${{RELEASE:-{version()}}}"
    assert (ROOT / "docker" / container["build"]["context"]).resolve() == ROOT
    assert (ROOT / container["build"]["dockerfile"]).is_file()


@each_container
def test_container_has_limits_and_no_privileges(name: str) -> None:
    container = CONTAINERS[name]
    assert container["cap_drop"] == ["ALL"]
    assert name not in OUR_CONTAINERS or (container["read_only"] and not {"cap_add", "user"} & container.keys())
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in container
    assert container["mem_limit"]
    assert container["logging"]["options"].keys() == {"max-size", "max-file"}


def test_only_the_gateway_publishes_a_port_beyond_this_host() -> None:
    ports = {name: options["ports"] for name, options in CONTAINERS.items() if "ports" in options}
    assert ports.pop("gateway") == ["${PUBLISH:-127.0.0.1:8000}:8000"]
    assert all(CONTAINERS[name]["profiles"] in (["dev"], ["monitoring"]) for name in ports)
    assert all(port.startswith("127.0.0.1:") for published in ports.values() for port in published)


@pytest.mark.parametrize("service", ["users", "gateway"])
def test_database_shares_a_network_with_its_service_only(service: str) -> None:
    (network,) = CONTAINERS[f"{service.removesuffix('s')}-postgres-service"]["networks"]
    assert COMPOSE["networks"][network] == {"internal": True}
    assert {image(name) for name in OUR_CONTAINERS if network in OUR_CONTAINERS[name]["networks"]} == {service}


@each_service_container
def test_container_has_the_rabbitmq_user_of_its_service_only(name: str) -> None:
    password = f"RABBITMQ_{image(name).upper()}_PASSWORD"
    uri = f"pyamqp://{image(name)}:${{{password}:?run make secrets first}}@rabbitmq:5672/{VHOST}"
    assert OUR_CONTAINERS[name]["environment"]["AMQP_URI"] == uri
    assert re.findall(r"RABBITMQ\w+", str(OUR_CONTAINERS[name])) == [password]


def test_start_script_creates_a_rabbitmq_user_for_each_account(tmp_path: Path) -> None:
    """Run the container's entrypoint; programs that only its image has are replaced by ones that do nothing."""
    rabbitmq = CONTAINERS["rabbitmq"]
    for program in ("chown", "docker-entrypoint.sh"):
        (tmp_path / program).write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    passwords = {name: f"password of {name}" for name in rabbitmq["environment"] if name.endswith("_PASSWORD")}
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FOLDER": str(tmp_path), **passwords}
    start = [ROOT / "docker/rabbitmq/start.sh", *rabbitmq["command"]]
    result = subprocess.run(start, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    assert result.stdout.splitlines()[-1] == "rabbitmq-server"
    (file,) = tmp_path.glob("*.json")
    assert file.stat().st_mode & 0o077 == 0
    definitions = json.loads(file.read_text(encoding="utf-8"))
    assert definitions["vhosts"] == [{"name": VHOST}]
    variables = {account.name: f"RABBITMQ_{account.name.upper()}_PASSWORD" for account in ACCOUNTS}
    users = {user["name"]: user["password"].removeprefix("password of ") for user in definitions["users"]}
    assert users == {ADMINISTRATOR: "RABBITMQ_PASSWORD", **variables}
    assert {user["name"] for user in definitions["users"] if user["tags"]} == {ADMINISTRATOR}


@each_container
def test_no_secret_has_a_value_or_default_in_the_file(name: str) -> None:
    for variable, value in CONTAINERS[name].get("environment", {}).items():
        if SECRET_NAME.search(variable):
            assert value is None or re.fullmatch(r"(\$\{\w+:(\?[^}]+|-)\},?)+", value), variable


@pytest.mark.parametrize("name", [*SERVICE_CONTAINERS, "operator"])
def test_container_has_the_private_keys_of_its_service_only(name: str) -> None:
    owner = name if name in {"deliveries", "operator"} else image(name)
    required = re.findall(r"(\w+)_TOKEN_KEYS:\?", str(OUR_CONTAINERS[name]))
    assert required == [owner.upper(), *([] if name == "operator" else ["PUBLIC"])]
