import re

import pytest

from tests.unit.containers.places import IMAGES, ROOT, SERVICES, release, setup, text

IMPORT = re.compile(r"^\s*(?:from (\w+)(?:\.contract)? import|import (\w+)\.contract)", re.MULTILINE)

each_image = pytest.mark.parametrize("image", IMAGES)
each_service = pytest.mark.parametrize("service", SERVICES)


def dockerfile(image: str) -> str:
    return text(f"docker/{image}/Dockerfile")


def pins(lock: str) -> dict[str, str]:
    """Return each pin of a lock file with its hashes."""
    blocks = re.findall(r"^(\S+==\S+).*?\n((?:    --hash=\S+.*\n)+)", text(lock), re.MULTILINE)
    return dict(blocks)


def names(requirements: str) -> set[str]:
    """Return the names of a list in setup.cfg, as lock files write them."""
    lines = [line for line in requirements.splitlines() if line and not line.startswith("#")]
    return {re.split(r"[\s~<>=!]", line)[0].lower() for line in lines}


def locked(image: str) -> set[str]:
    return {pin.partition("==")[0] for pin in pins(f"docker/{image}/requirements.lock")}


def copied(image: str) -> list[str]:
    """Return what is copied from the tree."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(image), re.MULTILINE)
    return [path for line in lines for path in line.split()]


def test_there_is_an_image_for_every_dockerfile_and_one_for_every_service() -> None:
    assert {file.parent.name for file in (ROOT / "docker").glob("*/Dockerfile")} == set(IMAGES)


@each_image
def test_an_image_installs_what_requirements_lock_pins_with_the_same_hashes(image: str) -> None:
    own = pins(f"docker/{image}/requirements.lock")
    assert own
    assert own.items() <= pins("requirements.lock").items()


@each_service
def test_an_image_has_its_services_extra_and_no_other(service: str) -> None:
    extras = setup()["options.extras_require"]
    wanted = names(setup()["options"]["install_requires"]) | names(extras[service])
    others = set().union(*(names(requirements) for requirements in extras.values())) - wanted
    assert wanted <= locked(service)
    # What somebody else asks for may be needed by what one asks for oneself.
    indirect = {"requests", "jinja2", "phonenumbers"}
    assert others & locked(service) <= indirect


@each_service
def test_an_image_has_its_services_code_and_of_others_the_contracts_that_it_imports(service: str) -> None:
    code = [file.read_text(encoding="utf-8") for file in (ROOT / service).rglob("*.py")]
    code += [text(path) for path in copied(service) if path.endswith("contract.py")]
    imported = {first or second for found in map(IMPORT.findall, code) for first, second in found}
    neighbours = imported & {*SERVICES} - {service}
    assert {"chassis", service, "config.yml"} <= set(copied(service))
    assert {path for path in copied(service) if path.partition("/")[0] in {*SERVICES} - {service}} == {
        f"{neighbour}/{file}" for neighbour in neighbours for file in ("__init__.py", "contract.py")
    }


@each_image
def test_whatever_an_image_copies_is_there_and_not_ignored(image: str) -> None:
    ignored = text(".dockerignore").splitlines()
    for path in copied(image):
        assert (ROOT / path).exists()
        assert f"!{path.partition('/')[0]}" in ignored


@each_image
def test_an_image_runs_as_a_numbered_account_and_says_which_release_it_is(image: str) -> None:
    assert re.findall(r"^USER (.+)$", dockerfile(image), re.MULTILINE) == ["10001:10001"]
    assert f"ARG RELEASE={release()}\n" in dockerfile(image)
    assert 'org.opencontainers.image.version="$RELEASE"' in dockerfile(image)


@each_image
def test_all_images_have_the_same_pinned_base(image: str) -> None:
    assert re.findall(r"^FROM (\S+)", dockerfile(image), re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert "ARG BASE=python:3.11-slim-bookworm\n" in dockerfile(image)


@each_image
def test_commands_are_run_without_a_shell_so_that_signals_arrive(image: str) -> None:
    commands = re.findall(r"^(?:ENTRYPOINT|CMD|HEALTHCHECK .*CMD) (.+)$", dockerfile(image), re.MULTILINE)
    assert all(command.startswith("[") for command in commands)


@each_service
def test_a_services_image_has_a_health_check_and_a_real_first_process(service: str) -> None:
    assert "\nHEALTHCHECK " in dockerfile(service)
    assert '\nENTRYPOINT ["tini", "--"]\n' in dockerfile(service)


def test_secrets_are_kept_out_of_images_and_out_of_git() -> None:
    assert "docker/.env" in text(".dockerignore").splitlines()
    assert "docker/.env" in text(".gitignore").splitlines()
