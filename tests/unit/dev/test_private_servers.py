"""Which backing services are private, and what the platform's environment becomes."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import make_url

from chassis.auth.keyring import Keyring
from docker.dev import backing, environment, environment_file
from docker.dev.programs import GATEWAY, SERVICES
from docker.dev.servers import rabbitmq
from docker.dev.state import State
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR, VHOST

CONFIG = """
# comment: ${NOT_A_VARIABLE}
AMQP_URI: !raw_env_var ${AMQP_URI}
service_token_keys: ${SERVICE_TOKEN_KEYS}
level: ${LOG_LEVEL:INFO}
users: {host: "${POSTGRES_HOST:postgres}", password: "${POSTGRES_PASSWORD}"}
email: {public_url: "${PUBLIC_URL}"}
sms: {username: "${AFRICASTALKING_USERNAME}", api_key: "${AFRICASTALKING_API_KEY}"}
gateway: {bind: "${HOST:127.0.0.1}:${PORT:8000}", key: "${TLS_CERT:}", secret: "${AFRICASTALKING_CALLBACK_SECRET:}"}
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state.json")
    state.settle_ports(backing.port_names({}, gateway=False))
    return state


def compose(given: dict[str, str], state: State, directory: Path = Path("/srv/baraza")) -> dict[str, str]:
    return environment.compose(given, state, directory, CONFIG)


def test_everything_is_private_when_nothing_is_set() -> None:
    assert environment.private({}) == {"rabbitmq", "postgresql", "redis", "mailbox", "sms_simulator", "sentry"}


@pytest.mark.parametrize(
    ("variable", "service"),
    [
        ("AMQP_URI", "rabbitmq"),
        ("REDIS_URL", "redis"),
        ("SMTP_HOST", "mailbox"),
        ("AFRICASTALKING_API_KEY", "sms_simulator"),
        ("SENTRY_DSN", "sentry"),
    ],
)
def test_a_backing_service_whose_variable_is_set_is_not_private(variable: str, service: str) -> None:
    assert service not in environment.private({variable: "given"})


def test_an_empty_variable_counts_as_not_set() -> None:
    assert "rabbitmq" in environment.private({"AMQP_URI": ""})


def test_postgresql_is_private_until_both_databases_are_given() -> None:
    assert "postgresql" in environment.private({"POSTGRES_HOST": "db"})
    assert environment.private_databases({"POSTGRES_HOST": "db"}) == ("GATEWAY_POSTGRES",)
    assert "postgresql" not in environment.private({"POSTGRES_HOST": "db", "GATEWAY_POSTGRES_HOST": "db"})


def test_a_given_broker_is_passed_on_and_needs_no_ports() -> None:
    given = {"AMQP_URI": "amqp://broker.example/"}
    assert not [name for name in backing.port_names(given, gateway=False) if name.startswith("rabbitmq")]


def test_a_given_value_is_used_as_it_is(state: State) -> None:
    given = {"AMQP_URI": "amqp://broker.example/", "LOG_LEVEL": "DEBUG", "HOME": "/home/amina"}
    composed = compose(given, state)
    assert composed["AMQP_URI"] == "amqp://broker.example/"
    assert composed["LOG_LEVEL"] == "DEBUG"
    assert "HOME" not in composed
    assert "BARAZA_RABBITMQ_MANAGEMENT" not in composed
    assert environment.of_application(composed, "users.service") == {}


@pytest.mark.parametrize("module", [*SERVICES, GATEWAY])
def test_each_process_has_the_user_of_the_private_broker_of_its_own_service(module: str, state: State) -> None:
    own = urlsplit(environment.of_application(compose({}, state), module)["AMQP_URI"])
    assert own.username == module.partition(".")[0]
    assert (own.port, own.path) == (state.ports["rabbitmq"], f"/{VHOST}")


def test_the_private_broker_has_a_user_for_every_account_and_the_passwords_are_those_of_the_variables(
    state: State, tmp_path: Path
) -> None:
    composed = compose({}, state)
    rabbitmq.prepare(tmp_path, state)
    definitions = json.loads((tmp_path / "definitions.json").read_text())
    users = {user["name"]: user for user in definitions["users"]}
    assert users.keys() == {ADMINISTRATOR, OPERATOR.name, *(account.name for account in ACCOUNTS)}
    assert {permission["user"] for permission in definitions["permissions"]} == users.keys()
    assert [name for name, user in users.items() if user["tags"]] == [ADMINISTRATOR]
    uris = [urlsplit(value) for name, value in composed.items() if name.endswith("AMQP_URI")]
    uris.append(urlsplit(composed["BARAZA_RABBITMQ_MANAGEMENT"]))
    assert {uri.username: uri.password for uri in uris} == {name: user["password"] for name, user in users.items()}
    assert len({user["password"] for user in users.values()}) == len(users)


def test_a_given_database_keeps_its_own_address_and_the_other_one_is_private(state: State) -> None:
    composed = compose({"POSTGRES_HOST": "db.example", "POSTGRES_PASSWORD": "theirs"}, state)
    assert composed["POSTGRES_HOST"] == "db.example"
    assert composed["POSTGRES_PASSWORD"] == "theirs"
    assert composed["GATEWAY_POSTGRES_HOST"] == "127.0.0.1"
    assert composed["GATEWAY_POSTGRES_PORT"] == str(state.ports["postgresql"])


def test_the_private_cluster_has_databases_that_feeds_and_notifications_could_use(state: State) -> None:
    composed = compose({}, state)
    port = state.ports["postgresql"]
    for service in ("feeds", "notifications"):
        url = make_url(composed[f"BARAZA_{service.upper()}_POSTGRESQL"])
        assert (url.drivername, url.port, url.database) == ("postgresql+psycopg2", port, f"{service}_db")
        assert composed[f"{service.upper()}_DB_URI"].startswith("sqlite:")


def test_a_given_cluster_is_left_alone(state: State) -> None:
    given = {f"{prefix}_{part}": "x" for prefix in ("POSTGRES", "GATEWAY_POSTGRES") for part in ("HOST", "PASSWORD")}
    assert not [name for name in compose(given, state) if name.endswith("_POSTGRESQL")]


def test_the_simulator_knows_where_the_gateway_takes_its_reports(state: State) -> None:
    composed = compose({}, state)
    secret = composed["AFRICASTALKING_CALLBACK_SECRET"]
    assert len(secret) >= 16
    assert environment.callback(composed) == f"{composed['BARAZA_URL']}/callbacks/africastalking/{secret}/"
    assert compose({"AFRICASTALKING_CALLBACK_SECRET": "s" * 20}, state)["AFRICASTALKING_CALLBACK_SECRET"] == "s" * 20


def test_an_account_of_ones_own_at_africas_talking_gets_no_secret_by_itself(state: State) -> None:
    given = {"AFRICASTALKING_API_KEY": "key", "AFRICASTALKING_USERNAME": "baraza"}
    assert "AFRICASTALKING_CALLBACK_SECRET" not in compose(given, state)


def test_what_a_given_service_needs_beside_its_address_is_asked_for_by_name(state: State) -> None:
    with pytest.raises(environment.MissingVariableError, match="POSTGRES_PASSWORD"):
        compose({"POSTGRES_HOST": "db.example"}, state)


def test_every_required_variable_of_the_real_config_is_there_when_nothing_is_set(state: State) -> None:
    config = environment.config_text()
    composed = environment.compose({}, state, Path("/srv/baraza"), config)
    assert {name for name, required in environment.variables(config).items() if required} <= composed.keys()


def test_variables_in_comments_are_no_variables() -> None:
    assert environment.variables(CONFIG)["AMQP_URI"] is True
    assert environment.variables(CONFIG)["LOG_LEVEL"] is False
    assert "NOT_A_VARIABLE" not in environment.variables(CONFIG)


def test_the_sqlite_files_are_named_by_absolute_paths(state: State) -> None:
    assert compose({}, state)["FEEDS_DB_URI"] == "sqlite:////srv/baraza/data/feeds.sqlite3"


def test_secrets_stay_the_same_over_starts(state: State, tmp_path: Path) -> None:
    first = compose({}, state)
    again = State(tmp_path / "state.json")
    assert compose({}, again) == first


def test_an_instance_gets_its_first_service_token_key_in_a_file_and_keeps_what_a_rotation_wrote(
    state: State, tmp_path: Path
) -> None:
    environment.write_keys(state, tmp_path)
    file = Path(compose({}, state, tmp_path)["SERVICE_TOKEN_KEYS"].removeprefix("@"))
    assert [key.name for key in Keyring(f"@{file}").keys] == ["k1"]
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("rotated")
    environment.write_keys(state, tmp_path)
    assert file.read_text() == "rotated"


def test_only_the_owner_can_read_the_secrets(state: State, tmp_path: Path) -> None:
    compose({}, state)
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8001"}, "http://127.0.0.1:8001"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),  # noqa: S104
        ({"TLS_CERT": "/etc/cert.pem"}, "https://127.0.0.1:8000"),
    ],
)
def test_the_address_of_the_gateway_follows_its_settings(given: dict[str, str], url: str, state: State) -> None:
    assert compose(given, state)["BARAZA_URL"] == url


def test_mails_link_to_the_gateway_unless_the_user_says_where(state: State) -> None:
    assert compose({}, state)["PUBLIC_URL"] == "http://127.0.0.1:8000"
    public = {"PUBLIC_URL": "https://baraza.example.org"}
    assert compose(public, state)["PUBLIC_URL"] == public["PUBLIC_URL"]


def test_a_shell_reads_the_environment_file_as_it_was_meant(tmp_path: Path) -> None:
    tricky = {"EMAIL_FROM": "Baraza <no-reply@baraza.localhost>", "KEY": "a'b\"c $HOME `id` #", "EMPTY": ""}
    environment_file.write(tmp_path / "environment", tricky)
    assert environment_file.read(tmp_path / "environment") == tricky
