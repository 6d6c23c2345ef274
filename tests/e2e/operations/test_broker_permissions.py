"""What each service's RabbitMQ user may do on the running broker, and what it may not."""

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from amqp.exceptions import AccessRefused
from kombu import Connection

from chassis.amqp import protocol
from dev.platform.instance import Instance
from dev.servers.rabbitmq import account_variable
from docker.rabbitmq.accounts import ACCOUNTS, ADMINISTRATOR, OPERATOR, VHOST, Account
from tests.e2e.support.operator import Operator

TIMEOUT = 30  # seconds

AssertRejected = Callable[..., None]

each_account = pytest.mark.parametrize("account", [*ACCOUNTS, OPERATOR], ids=lambda account: account.name)


@pytest.fixture
def uri(platform: Instance, account: Account) -> str:
    name = "AMQP_URI" if account is OPERATOR else account_variable(account.name)
    return platform.environment[name]


@pytest.fixture
def connection(uri: str) -> Iterator[Connection]:
    with Connection(uri, connect_timeout=TIMEOUT) as connection:
        yield connection


@pytest.fixture
def assert_rejected(connection: Connection) -> AssertRejected:
    """Call a method of a new channel; the broker must reject it."""

    def call(method: str, *arguments: object, **options: object) -> None:
        with pytest.raises(AccessRefused):
            getattr(connection.channel(), method)(*arguments, **options)

    return call


def others(account: Account) -> list[Account]:
    return [other for other in ACCOUNTS if other != account]


def queues_of(platform: Instance, account: Account) -> list[str]:
    """Return an account's queues for RPC requests, RPC replies and events."""
    api = platform.environment["BARAZA_RABBITMQ_MANAGEMENT"]
    queues = requests.get(f"{api}/api/queues/{VHOST}", timeout=TIMEOUT).json()
    own = re.compile(r"(rpc-|rpc\.reply-|.*--)({})\b.*".format("|".join(account.services)))
    return [str(queue["name"]) for queue in queues if own.fullmatch(queue["name"])]


@each_account
def test_service_cannot_consume_calls_to_another(
    connection: Connection, assert_rejected: AssertRejected, account: Account
) -> None:
    queue = connection.channel().queue_declare("", exclusive=True).queue
    foreign = [f"{service}.*" for other in others(account) for service in other.services]
    for key in ("#", "*.*", "users.login", *foreign):
        assert_rejected("queue_bind", queue, protocol.RPC_EXCHANGE, key)


@each_account
def test_service_cannot_change_queues_of_another(
    platform: Instance, assert_rejected: AssertRejected, account: Account
) -> None:
    for other in others(account):
        queues = queues_of(platform, other)
        assert {name.partition("-")[0] for name in queues} >= {"rpc", "rpc.reply"}
        for queue in queues:
            assert_rejected("basic_get", queue)
            assert_rejected("basic_consume", queue)
            assert_rejected("queue_purge", queue)
            assert_rejected("queue_delete", queue)
            assert_rejected("queue_declare", queue)
            assert_rejected("queue_bind", queue, protocol.RPC_EXCHANGE, str(uuid.uuid4()))


@each_account
def test_service_cannot_publish_events_of_another(connection: Connection, account: Account) -> None:
    for other in [other for other in others(account) if other.publishes]:
        channel = connection.channel()
        channel.confirm_select()  # so that the broker responds in either case
        protocol.send(channel, b"{}", f"{other.name}.events", "post_created")
        with pytest.raises(AccessRefused):
            connection.drain_events(timeout=TIMEOUT)


@each_account
def test_service_cannot_consume_events_it_does_not_handle(
    connection: Connection, assert_rejected: AssertRejected, account: Account
) -> None:
    queue = connection.channel().queue_declare("", exclusive=True).queue
    for source in [source.name for source in ACCOUNTS if source.publishes and source.name not in account.consumes]:
        assert_rejected("queue_bind", queue, f"{source}.events", "#")
        if source != account.name:
            assert_rejected("exchange_delete", f"{source}.events")


@each_account
def test_service_cannot_use_the_management_interface(platform: Instance, uri: str) -> None:
    management = urlsplit(platform.environment["BARAZA_RABBITMQ_MANAGEMENT"])
    overview = f"http://{management.hostname}:{management.port}/api/overview"
    user = urlsplit(uri)
    response = requests.get(overview, auth=(str(user.username), str(user.password)), timeout=TIMEOUT)
    assert response.status_code == requests.codes.unauthorized
    assert requests.get(f"{management.geturl()}/api/overview", timeout=TIMEOUT).ok


@each_account
def test_every_service_may_call_every_service(platform: Instance, uri: str) -> None:
    with Operator({**platform.environment, "AMQP_URI": uri}) as operator:
        for service in [service for other in ACCOUNTS for service in other.services]:
            operator(f"{service}.ping")


def test_rabbitmq_has_only_the_users_of_the_table(platform: Instance) -> None:
    api = platform.environment["BARAZA_RABBITMQ_MANAGEMENT"]
    users = {user["name"] for user in requests.get(f"{api}/api/users", timeout=TIMEOUT).json()}
    assert users == {ADMINISTRATOR, OPERATOR.name, *(account.name for account in ACCOUNTS)}


def test_process_has_its_own_user_and_no_administrator_password(platform: Instance) -> None:
    administrator = str(urlsplit(platform.environment["BARAZA_RABBITMQ_MANAGEMENT"]).password)
    for process in [status for status in platform.control.statuses() if status.group == "applications"]:
        for pid in platform.control.pids(process.name):
            environment = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8")
            variables = dict(line.split("=", 1) for line in environment.split("\0") if "=" in line)
            if process.name == "haproxy":  # it connects to gateways only
                assert "AMQP_URI" not in variables
            else:
                assert urlsplit(variables["AMQP_URI"]).username == process.name.partition(".")[0]
            assert administrator not in environment
