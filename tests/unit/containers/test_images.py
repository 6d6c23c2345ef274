"""Images hold the locked packages and the code of one service, and run it without root."""

import json
import re

import pytest

from tests.unit.containers.project import ROOT, SERVICES, missing_code, package_names, setup_cfg, text, version

IMAGES = sorted(file.parent.name for file in (ROOT / "docker").glob("*/Dockerfile"))
CONTRACT_IMPORT = re.compile(r"^\s*(?:from (\w+)(?:\.contract)? import|import (\w+)\.contract)", re.MULTILINE)

each_image = pytest.mark.parametrize("image", IMAGES)
each_service = pytest.mark.parametrize("service", SERVICES)


def instructions(image: str, pattern: str) -> list[str]:
    """Return the part of each line of a Dockerfile that the group of a pattern matches."""
    return re.findall(f"^{pattern}$", text(f"docker/{image}/Dockerfile"), re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Return the pinned requirements of a lock file with their hashes."""
    return dict(re.findall(r"^(\S+==\S+).*?\n((?:    --hash=\S+.*\n)+)", text(lock), re.MULTILINE))


def copied(image: str) -> list[str]:
    """Return the paths that an image copies from the project."""
    return [path for line in instructions(image, r"COPY (?!--from)(.+) \S+") for path in line.split()]


def contract_of(service: str) -> str:
    """Return the path of a service's contract: a package, or a module."""
    return f"{service}/contract" if (ROOT / service / "contract").is_dir() else f"{service}/contract.py"


@each_image
def test_image_lock_has_the_pins_and_hashes_of_requirements_lock(image: str) -> None:
    own = pins(f"docker/{image}/requirements.lock")
    assert own
    assert own.items() <= pins("requirements.lock").items()


@each_service
def test_image_installs_the_extra_of_its_service_only(service: str) -> None:
    options, extras = setup_cfg()["options"], setup_cfg()["options.extras_require"]
    wanted = package_names(options["install_requires"]) | package_names(extras[service])
    others = set().union(*(package_names(requirements) for requirements in extras.values())) - wanted
    locked = {pin.partition("==")[0] for pin in pins(f"docker/{service}/requirements.lock")}
    indirect = {"requests", "jinja2", "phonenumbers", "packaging"}  # packages of the service depend on them
    assert wanted <= locked
    assert others & locked <= indirect


@each_service
def test_image_has_the_code_of_its_service_and_the_contracts_it_imports(service: str) -> None:
    code = [file.read_text(encoding="utf-8") for file in (ROOT / service).rglob("*.py")]
    code += [text(path) for path in copied(service) if path.endswith("contract.py")]  # users' imports no service
    imported = {first or second for source in code for first, second in CONTRACT_IMPORT.findall(source)}
    other_services = {*SERVICES} - {service}
    contracts = {path for other in imported & other_services for path in (f"{other}/__init__.py", contract_of(other))}
    assert {"chassis", service, "config.yml"} <= set(copied(service))
    assert {path for path in copied(service) if path.partition("/")[0] in other_services} == contracts


@each_image
def test_copied_paths_exist_and_are_in_the_build_context(image: str) -> None:
    for path in copied(image):
        assert (ROOT / path).exists()
        assert f"!{path.partition('/')[0]}" in text(".dockerignore").splitlines()


@each_image
def test_image_has_the_pinned_base_a_version_and_no_root_user(image: str) -> None:
    assert instructions(image, "FROM (\\S+).*") == ["${BASE}", "${BASE}"]
    assert instructions(image, "ARG BASE=(.+)") == ["python:3.11-slim-bookworm"]
    assert instructions(image, "ARG RELEASE=(.+)") == [version()]
    assert 'org.opencontainers.image.version="$RELEASE"' in text(f"docker/{image}/Dockerfile")
    assert instructions(image, "USER (.+)") == ["10001:10001"]


@each_image
def test_commands_run_without_a_shell_and_name_existing_code(image: str) -> None:
    commands = instructions(image, "(?:ENTRYPOINT|CMD|HEALTHCHECK .*CMD) (.+)")
    assert commands
    for command in commands:
        assert not missing_code(json.loads(command), f"docker/{image}")  # a shell form is not JSON


@each_service
def test_service_image_has_a_health_check_and_tini_as_process_1(service: str) -> None:
    assert instructions(service, "HEALTHCHECK (.+)")
    assert instructions(service, "ENTRYPOINT (.+)") == ['["tini", "--"]']


def test_secrets_are_excluded_from_images_and_git() -> None:
    assert "docker/.env" in text(".dockerignore").splitlines()
    assert "docker/.env" in text(".gitignore").splitlines()
