"""k8s/secrets.sh makes every value, and none is in the repository."""

import json
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chassis.auth import keyring
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, VHOST
from tests.unit.k8s.tree import K8S, OVERLAYS, documents, kustomizations, run_secrets, secret_keys


def files(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_it_writes_every_file_that_kustomize_reads(secrets: Path) -> None:
    assert {"common", "user", "gateway", "notification", "redis"} <= secret_keys("base", secrets).keys()
    assert {"feeds", "notification-database", "applications"} <= secret_keys("scale", secrets).keys()


def test_no_value_is_empty_and_no_two_random_ones_are_equal(secrets: Path) -> None:
    values = [value for keys in secret_keys("scale", secrets).values() for value in keys.values()]
    assert all(values)
    passwords = [value for value in values if len(value) == 64]
    assert len(passwords) == len(set(passwords)) >= 11


def test_only_its_owner_may_read_what_it_writes(secrets: Path) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(secrets)} == {0o600}


def test_it_never_writes_over_a_file(secrets: Path) -> None:
    before = files(secrets)
    assert run_secrets(secrets.parent, AFRICASTALKING_API_KEY="another key").returncode == 0
    assert files(secrets) == before


def test_it_adds_what_is_missing_and_keeps_the_rest_consistent(tmp_path: Path) -> None:
    run_secrets(tmp_path, AFRICASTALKING_API_KEY="a key")
    password = (tmp_path / "secrets/redis/password").read_text()
    (tmp_path / "secrets/common.env").unlink()
    assert run_secrets(tmp_path).returncode == 0
    assert f"redis://:{password}@" in (tmp_path / "secrets/common.env").read_text()


def test_a_new_password_of_a_user_of_the_broker_gets_to_the_service_and_to_the_broker(tmp_path: Path) -> None:
    run_secrets(tmp_path, AFRICASTALKING_API_KEY="a key")
    before = files(tmp_path / "secrets")
    (tmp_path / "secrets/broker/feeds").unlink()
    assert run_secrets(tmp_path).returncode == 0
    after = files(tmp_path / "secrets")
    changed = {str(path.relative_to(tmp_path / "secrets")) for path in after if after[path] != before[path]}
    assert changed == {"broker/feeds", "broker/feeds.env", "fixed/users.json"}


def test_the_administrators_password_is_taken_from_where_all_services_once_had_it(tmp_path: Path) -> None:
    run_secrets(tmp_path, AFRICASTALKING_API_KEY="a key")
    common = tmp_path / "secrets/common.env"
    now = common.read_text()
    common.write_text(f"AMQP_URI=pyamqp://baraza:password@rabbitmq-service:5672/baraza\n{now}")
    assert run_secrets(tmp_path).returncode == 0
    assert common.read_text() == now


def test_the_broker_gets_a_user_for_every_account_with_the_password_that_its_service_has(secrets: Path) -> None:
    keys = secret_keys("base", secrets)
    users = {user["name"]: user for user in json.loads(keys["rabbitmq-users"]["users.json"])["users"]}
    assert users.keys() == {ADMINISTRATOR, *(account.name for account in ACCOUNTS)}
    assert [name for name, user in users.items() if user["tags"]] == [ADMINISTRATOR]
    assert users[ADMINISTRATOR]["password"] == keys["rabbitmq-default-user"]["password"]
    for account in ACCOUNTS:
        uri = urlsplit(keys[f"broker-{account.name}"]["AMQP_URI"])
        assert (uri.username, uri.path) == (account.name, f"/{VHOST}")
        assert uri.password == users[account.name]["password"]


def test_it_asks_for_the_key_that_it_cannot_make(tmp_path: Path) -> None:
    result = run_secrets(tmp_path)
    assert result.returncode != 0
    assert "AFRICASTALKING_API_KEY" in result.stderr
    assert not files(tmp_path / "secrets")


def test_the_chassis_can_use_the_keys(secrets: Path) -> None:
    assert [key.name for key in keyring.parse((secrets / "fixed/keys").read_text())] == ["k1"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_manifest_holds_a_secret(overlay: str) -> None:
    assert [d["metadata"]["name"] for d in documents(overlay) if d["kind"] == "Secret"] == []
    generators = [g for _, found in kustomizations(OVERLAYS[overlay]) for g in found.get("secretGenerator", [])]
    assert generators
    assert not [generator for generator in generators if "literals" in generator]


def test_git_knows_only_the_kustomizations_of_the_secrets() -> None:
    command = ["git", "ls-files", "--", "secrets"]
    listed = subprocess.run(command, cwd=K8S, capture_output=True, text=True, check=True)  # noqa: S603  nothing of others
    assert {Path(name).name for name in listed.stdout.split()} <= {".gitignore", "kustomization.yaml"}
