"""Which servers are private, and the environment of the platform."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chassis.auth.keyring import Keyring
from chassis.auth.keys import generate
from chassis.config import service_of
from dev import DevError
from dev.machine.files import ROOT
from dev.machine.state import State
from dev.platform import environment
from dev.platform.instance import port_names
from dev.platform.programs import GATEWAY, KEY_OWNERS, SERVICES, process_variables
from dev.servers import private, rabbitmq
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR

HERE = Path("/srv/baraza")
OWN_POSTGRESQL = {f"{one}_{part}": "x" for one in ("POSTGRES", "GATEWAY_POSTGRES") for part in ("HOST", "PASSWORD")}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    state.choose_ports(port_names({}, fixed_port=True))
    return state


def compose(given: dict[str, str], state: State) -> dict[str, str]:
    return environment.compose(given, state, HERE)


def test_postgresql_is_private_unless_both_databases_are_elsewhere(state: State) -> None:
    given = {"POSTGRES_HOST": "db.example", "POSTGRES_PASSWORD": "theirs"}
    assert "postgresql" in private(given)
    composed = compose(given, state)
    assert (composed["POSTGRES_HOST"], composed["POSTGRES_PASSWORD"]) == ("db.example", "theirs")
    assert composed["GATEWAY_POSTGRES_HOST"] == "127.0.0.1"
    assert composed["GATEWAY_POSTGRES_PORT"] == str(state.ports["postgresql"])
    assert "postgresql" not in private(OWN_POSTGRESQL)
    assert not [name for name in compose(OWN_POSTGRESQL, state) if name.endswith("_POSTGRESQL")]


def test_variables_of_the_user_are_kept(state: State) -> None:
    given = {"AMQP_URI": "amqp://broker.example/", "LOG_LEVEL": "DEBUG", "HOME": "/home/amina"}
    composed = compose(given, state)
    assert composed["AMQP_URI"] == "amqp://broker.example/"
    assert composed["LOG_LEVEL"] == "DEBUG"
    assert "HOME" not in composed
    assert "BARAZA_RABBITMQ_MANAGEMENT" not in composed
    assert "AMQP_URI" not in process_variables(composed, "users.service")


def test_rabbitmq_users_have_the_passwords_of_the_environment(state: State, tmp_path: Path) -> None:
    composed = compose({}, state)
    rabbitmq.write_files(tmp_path, state)
    definitions = json.loads((tmp_path / "rabbitmq" / "definitions.json").read_text())
    users = {user["name"]: user for user in definitions["users"]}
    assert users.keys() == {ADMINISTRATOR, OPERATOR.name, *(account.name for account in ACCOUNTS)}
    assert {permission["user"] for permission in definitions["permissions"]} == users.keys()
    assert [name for name, user in users.items() if user["tags"]] == [ADMINISTRATOR]
    uris = [urlsplit(value) for name, value in composed.items() if name.endswith("AMQP_URI")]
    uris.append(urlsplit(composed["BARAZA_RABBITMQ_MANAGEMENT"]))
    assert {uri.username: uri.password for uri in uris} == {name: user["password"] for name, user in users.items()}
    assert len({user["password"] for user in users.values()}) == len(users)


def test_sms_simulator_has_a_callback_secret_and_an_own_account_has_none(state: State) -> None:
    assert len(compose({}, state)["AFRICASTALKING_CALLBACK_SECRET"]) >= 16
    assert compose({"AFRICASTALKING_CALLBACK_SECRET": "s" * 20}, state)["AFRICASTALKING_CALLBACK_SECRET"] == "s" * 20
    own_account = {"AFRICASTALKING_API_KEY": "key", "AFRICASTALKING_USERNAME": "baraza"}
    assert "AFRICASTALKING_CALLBACK_SECRET" not in compose(own_account, state)


def test_missing_variable_of_an_own_server_is_named(state: State) -> None:
    with pytest.raises(DevError, match="POSTGRES_PASSWORD"):
        compose({"POSTGRES_HOST": "db.example"}, state)


def test_every_required_variable_is_set_by_default(state: State) -> None:
    required = {name for name, required in environment.variables((ROOT / "config.yml").read_text()).items() if required}
    assert required <= compose({}, state).keys()


def keys_of(directory: Path, state: State, variable: str = "SERVICE_TOKEN_KEYS") -> Keyring:
    return Keyring(environment.compose({}, state, directory)[variable])


@pytest.mark.parametrize("module", [*SERVICES, GATEWAY])
def test_each_process_has_the_private_key_of_its_service_only(module: str, state: State, tmp_path: Path) -> None:
    environment.write_keys(tmp_path)
    composed = environment.compose({}, state, tmp_path)
    keys = Keyring(process_variables(composed, module)["SERVICE_TOKEN_KEYS"]).keys
    assert [key.name for key in keys if key.private] == [f"{service_of(module)}/k1"]
    assert {key.owner for key in keys} == set(KEY_OWNERS)


def test_operators_commands_have_the_key_of_the_operator(state: State, tmp_path: Path) -> None:
    environment.write_keys(tmp_path)
    assert keys_of(tmp_path, state).owner == "operator"
    assert compose({"SERVICE_TOKEN_KEYS": "@own"}, state)["SERVICE_TOKEN_KEYS"] == "@own"
    assert "SERVICE_TOKEN_KEYS" not in process_variables(compose({"SERVICE_TOKEN_KEYS": "@own"}, state), GATEWAY)


def test_key_files_are_private_and_a_rotation_is_kept(state: State, tmp_path: Path) -> None:
    environment.write_keys(tmp_path)
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "keys").iterdir()} == {0}
    rotated = generate("feeds/k2")
    (tmp_path / "keys" / "feeds").write_text(str(rotated))
    environment.write_keys(tmp_path)
    assert (tmp_path / "keys" / "feeds").read_text() == str(rotated)
    assert keys_of(tmp_path, state).find("feeds/k2") == rotated.public_half()


def test_secret_of_0_1_0_is_accepted_while_its_file_exists(state: State, tmp_path: Path) -> None:
    environment.write_keys(tmp_path)
    assert keys_of(tmp_path, state).find("k1") is None
    (tmp_path / "service_token_keys").write_text(f"k1:{'s' * 64}")
    ring = keys_of(tmp_path, state, "BARAZA_FEEDS_TOKEN_KEYS")
    assert ring.find("k1")
    assert ring.signing("feeds").name == "feeds/k1"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8001"}, "http://127.0.0.1:8001"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),  # noqa: S104
        ({"TLS_CERT": "/etc/cert.pem"}, "https://127.0.0.1:8000"),
    ],
)
def test_gateway_url_follows_its_settings(given: dict[str, str], url: str, state: State) -> None:
    composed = compose(given, state)
    assert composed["BARAZA_URL"] == composed["PUBLIC_URL"] == url
    assert compose({"PUBLIC_URL": "https://baraza.example.org"}, state)["PUBLIC_URL"] == "https://baraza.example.org"


def test_environment_file_is_quoted_for_shells(tmp_path: Path) -> None:
    values = {"EMAIL_FROM": "Baraza <no-reply@baraza.localhost>", "KEY": "a'b\"c $HOME `id` #", "EMPTY": ""}
    environment.write(tmp_path / "environment", values)
    assert environment.read(tmp_path / "environment") == values
