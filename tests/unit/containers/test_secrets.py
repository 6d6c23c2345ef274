"""`make secrets`, in a folder of its own."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.unit.containers.places import ROOT, text

LATER = "RABBITMQ_FEEDS_PASSWORD"  # asked for since each service has a user of RabbitMQ


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "docker/secrets.sh", tmp_path))


def write(script: Path) -> dict[str, str]:
    subprocess.run([script], check=True, capture_output=True)  # noqa: S603 - our own script
    lines = (script.parent / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_everything_that_compose_asks_for_is_written(script: Path) -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", text("docker/compose.yml")))
    written = write(script)
    assert asked <= {name for name, value in written.items() if value}


def test_nobody_else_may_read_it(script: Path) -> None:
    write(script)
    assert stat.S_IMODE((script.parent / ".env").stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_secrets_are_long_and_never_the_same(script: Path, tmp_path: Path) -> None:
    first = write(script)
    (tmp_path / ".env").unlink()
    second = write(script)
    secrets = [name for name in first if re.search("PASSWORD|SECRET|KEY", name)]
    assert len({first[name] for name in secrets} | {second[name] for name in secrets}) == 2 * len(secrets)
    assert all(re.fullmatch(r"(k1:)?[0-9a-f]{48,}", first[name]) for name in secrets)


def test_one_that_is_there_keeps_what_it_has_and_gets_the_passwords_that_are_missing(script: Path) -> None:
    written = write(script)
    file = script.parent / ".env"
    kept = [f"{name}={value}" for name, value in written.items() if name not in {"AFRICASTALKING_URL", LATER}]
    file.write_text("\n".join(kept), encoding="utf-8")
    again = write(script)
    assert again.keys() == written.keys() - {"AFRICASTALKING_URL"}
    assert {name for name in again if again[name] != written[name]} == {LATER}
    assert write(script) == again
