"""k8s/secrets.sh writes every secret, and none is in the repository."""

import json
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chassis.auth.keyring import Keyring
from chassis.auth.keys import generate, parse
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, VHOST
from tests.unit.k8s.manifests import OVERLAYS, kustomizations, of_kind, run_secrets_script, secrets

SERVICES = ("users", "feeds", "notifications", "deliveries", "gateway")


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_every_secret_has_values_and_random_ones_are_unique(folder: Path) -> None:
    values = [value for secret in secrets("scale", folder).values() for value in secret.values()]
    assert all(values)
    passwords = [value for value in values if len(value) == 64]
    assert len(passwords) == len(set(passwords)) >= 11


def test_each_service_gets_its_own_private_key_and_the_public_keys_of_all(folder: Path) -> None:
    for service in SERVICES:
        keys = parse(secrets("base", folder)[f"token-keys-{service}"]["keys"])
        assert [key.name for key in keys if key.private] == [f"{service}/k1"]
        assert {key.owner for key in keys} == {*SERVICES, "operator"}


def test_key_of_the_operator_is_in_no_secret(folder: Path) -> None:
    (key,) = parse(files(folder)["keys/operator"])
    assert key.private
    assert key.text not in str([secrets(overlay, folder) for overlay in OVERLAYS])


def test_rotation_reaches_all_services_and_the_old_secret_signs_until_accepted_only(tmp_path: Path) -> None:
    run_secrets_script(tmp_path, AFRICASTALKING_API_KEY="a key")
    folder, new = tmp_path / "secrets", generate("feeds/k2")
    shared = f"k1:{'s' * 64}"
    with (folder / "keys/feeds").open("a") as file:
        file.write(f"{new}\n")
    (folder / "fixed/keys").write_text(f"{shared}\n")
    assert run_secrets_script(tmp_path).returncode == 0
    ring = Keyring((folder / "fixed/token-keys/users/keys").read_text())
    assert ring.find("feeds/k2") == new.public_half()
    assert ring.signing("users").name == "k1"
    (folder / "fixed/keys").rename(folder / "keys/accepted")
    assert run_secrets_script(tmp_path).returncode == 0
    ring = Keyring((folder / "fixed/token-keys/users/keys").read_text())
    assert (ring.signing("users").name, ring.find("k1") is None) == ("users/k1", False)


def test_only_the_owner_can_read_the_files(folder: Path) -> None:
    assert {stat.S_IMODE((folder / path).stat().st_mode) for path in files(folder)} == {0o600}


def test_new_rabbitmq_password_reaches_its_service_and_rabbitmq(tmp_path: Path) -> None:
    run_secrets_script(tmp_path, AFRICASTALKING_API_KEY="a key")
    before = files(tmp_path / "secrets")
    (tmp_path / "secrets/broker/feeds").unlink()
    assert run_secrets_script(tmp_path).returncode == 0
    after = files(tmp_path / "secrets")
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"broker/feeds", "broker/feeds.env", "fixed/users.json"}


def test_rabbitmq_gets_a_user_per_account_with_the_password_of_its_service(folder: Path) -> None:
    written = secrets("base", folder)
    users = {user["name"]: user for user in json.loads(written["rabbitmq-users"]["users.json"])["users"]}
    assert users.keys() == {ADMINISTRATOR, *(account.name for account in ACCOUNTS)}
    assert [name for name, user in users.items() if user["tags"]] == [ADMINISTRATOR]
    assert users[ADMINISTRATOR]["password"] == written["rabbitmq-default-user"]["password"]
    for account in ACCOUNTS:
        uri = urlsplit(written[f"broker-{account.name}"]["AMQP_URI"])
        assert (uri.username, uri.path) == (account.name, f"/{VHOST}")
        assert uri.password == users[account.name]["password"]


def test_without_the_api_key_nothing_is_written(tmp_path: Path) -> None:
    result = run_secrets_script(tmp_path)
    assert result.returncode != 0
    assert "AFRICASTALKING_API_KEY" in result.stderr
    assert not files(tmp_path / "secrets")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_manifest_holds_a_secret(overlay: str) -> None:
    assert not of_kind(overlay, "Secret")
    generators = [g for _, found in kustomizations(OVERLAYS[overlay]) for g in found.get("secretGenerator", [])]
    assert generators
    assert not [generator for generator in generators if "literals" in generator]
