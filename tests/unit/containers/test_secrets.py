"""docker/secrets.sh, run in a temporary folder."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.unit.containers.project import ROOT, text

REMOVED_PASSWORD = "RABBITMQ_FEEDS_PASSWORD"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "docker/secrets.sh", tmp_path))


def run(script: Path) -> dict[str, str]:
    """Run the script and return the variables in .env."""
    subprocess.run([script], check=True, capture_output=True)  # noqa: S603 - our own script
    lines = (script.parent / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_writes_every_variable_that_compose_requires(script: Path) -> None:
    required = set(re.findall(r"\$\{(\w+):\?", text("docker/compose.yml")))
    assert required <= {name for name, value in run(script).items() if value}


def test_only_the_owner_can_read_the_file(script: Path) -> None:
    run(script)
    assert stat.S_IMODE((script.parent / ".env").stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_secrets_are_long_and_unique(script: Path, tmp_path: Path) -> None:
    first = run(script)
    (tmp_path / ".env").unlink()
    second = run(script)
    secrets = [name for name in first if re.search("PASSWORD|SECRET|KEY", name)]
    assert len({first[name] for name in secrets} | {second[name] for name in secrets}) == 2 * len(secrets)
    assert all(re.fullmatch(r"(k1:)?[0-9a-f]{48,}", first[name]) for name in secrets)


def test_existing_file_keeps_its_values_and_gets_missing_passwords(script: Path) -> None:
    before = run(script)
    kept = [f"{name}={value}" for name, value in before.items() if name not in {"AFRICASTALKING_URL", REMOVED_PASSWORD}]
    (script.parent / ".env").write_text("\n".join(kept), encoding="utf-8")
    after = run(script)
    assert after.keys() == before.keys() - {"AFRICASTALKING_URL"}
    assert {name for name in after if after[name] != before[name]} == {REMOVED_PASSWORD}
    assert run(script) == after
