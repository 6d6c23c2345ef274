"""docker/secrets.sh, run in a temporary folder."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from chassis.auth.keys import generate, parse
from tests.unit.containers.project import ROOT, text

REMOVED = {"RABBITMQ_FEEDS_PASSWORD", "FEEDS_TOKEN_KEYS"}
OWNERS = ("users", "feeds", "notifications", "deliveries", "gateway", "operator")


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
    passwords = [name for name in secrets if "TOKEN_KEYS" not in name]
    assert all(re.fullmatch(r"[0-9a-f]{48,}", first[name]) for name in passwords)


def test_each_owner_gets_a_private_key_whose_public_half_all_get(script: Path) -> None:
    written = run(script)
    own = [parse(written[f"{owner.upper()}_TOKEN_KEYS"]) for owner in OWNERS]
    assert [[key.name for key in keys if key.private] for keys in own] == [[f"{owner}/k1"] for owner in OWNERS]
    assert parse(written["PUBLIC_TOKEN_KEYS"]) == tuple(key.public_half() for (key,) in own)


def test_public_keys_follow_a_rotation(script: Path) -> None:
    before = run(script)
    new = generate("feeds/k2")
    rotated = before | {"FEEDS_TOKEN_KEYS": f"{before['FEEDS_TOKEN_KEYS']},{new}", "SERVICE_TOKEN_KEYS": "k1:shared"}
    (script.parent / ".env").write_text("\n".join(f"{name}={value}" for name, value in rotated.items()))
    after = run(script)
    assert new.public_half() in parse(after["PUBLIC_TOKEN_KEYS"])
    assert {name for name in after if after[name] != rotated[name]} == {"PUBLIC_TOKEN_KEYS"}


def test_without_openssl_nothing_is_written(script: Path, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    result = subprocess.run(["/bin/sh", script], env=environment, capture_output=True, check=False)  # noqa: S603 - ours
    assert result.returncode == 1
    assert not (tmp_path / ".env").exists()


def test_existing_file_keeps_its_values_and_gets_missing_secrets(script: Path) -> None:
    before = run(script)
    kept = [f"{name}={value}" for name, value in before.items() if name not in {"AFRICASTALKING_URL", *REMOVED}]
    (script.parent / ".env").write_text("\n".join(kept), encoding="utf-8")
    after = run(script)
    assert after.keys() == before.keys() - {"AFRICASTALKING_URL"}
    assert {name for name in after if after[name] != before[name]} == REMOVED | {"PUBLIC_TOKEN_KEYS"}
    assert run(script) == after
