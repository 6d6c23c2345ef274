"""Which backing services are private, and the environment that the whole platform runs in."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from docker.dev.places import ROOT
from docker.dev.programs import GATEWAY
from docker.dev.servers import databases, postgresql, rabbitmq, redis
from docker.dev.state import State, write_private
from docker.dev.topologies import chosen
from docker.rabbitmq.accounts import ACCOUNTS, OPERATOR

MAILBOX, SMS, SENTRY = "mailbox", "sms_simulator", "sentry"
TWIN_PORTS = (MAILBOX, "mailbox_http", SMS, SENTRY)

# A backing service is private unless the user has set all of these.
DECIDED_BY = {
    rabbitmq.NAME: ("AMQP_URI",),
    postgresql.NAME: ("POSTGRES_HOST", "GATEWAY_POSTGRES_HOST"),
    redis.NAME: ("REDIS_URL",),
    MAILBOX: ("SMTP_HOST",),
    SMS: ("AFRICASTALKING_API_KEY",),
    SENTRY: ("SENTRY_DSN",),
}
DATABASES = {"POSTGRES": ("user_db", "user_user"), "GATEWAY_POSTGRES": ("gateway_db", "gateway_user")}

# Tests sign in and call far more often than people, and none of them is about Argon2 or the limits.
_FOR_TESTS = {
    "PASSWORD_TIME_COST": "1",
    "PASSWORD_MEMORY_COST": "8",
    "TRUSTED_PROXIES": "1",  # so every person of a test has an address of their own
    "ALLOWED_ORIGINS": "https://app.example.org",
}
FOR_PEOPLE = "BARAZA_"  # begins the names of what people and tests want to know, and no process of the platform reads
_VARIABLE = re.compile(r"\$\{(\w+)(:)?")


class MissingVariableError(Exception):
    """The user's own backing service needs variables that are not set; the text names them."""


def private(given: Mapping[str, str]) -> frozenset[str]:
    """Names of the backing services that the platform brings itself; an empty variable counts as not set."""
    return frozenset(name for name, variables in DECIDED_BY.items() if not all(map(given.get, variables)))


def private_databases(given: Mapping[str, str]) -> tuple[str, ...]:
    """Prefixes of the variables of those databases that live in the private cluster."""
    return tuple(prefix for prefix in DATABASES if not given.get(f"{prefix}_HOST"))


def compose(given: Mapping[str, str], state: State, directory: Path, config: str) -> dict[str, str]:
    """Every variable of config.yml that is set or has to be, and BARAZA_… for people and tests.

    `directory` is the instance's, `config` the text of config.yml.
    """
    known = variables(config)
    environment = {name: given[name] for name in known if given.get(name)}
    spare = _spare_databases(given, state)
    environment |= _brokers(given, state) | _vendors(given, state) | spare
    for prefix in DATABASES:
        _database(environment, prefix, state)
    for name, value in (_defaults(state, directory) | _of_topology(given, spare)).items():
        environment.setdefault(name, value)
    environment["BARAZA_URL"] = _url(environment)
    environment["BARAZA_GATEWAYS"] = " ".join(_gateways(given, state)) or environment["BARAZA_URL"]
    environment.setdefault("PUBLIC_URL", environment["BARAZA_URL"])
    missing = [name for name, required in known.items() if required and name not in environment]
    if missing:
        raise MissingVariableError(f"set {', '.join(missing)} too: your own backing service needs it")
    return environment


def callback(environment: Mapping[str, str]) -> str:
    """Return where the gateway takes delivery reports."""
    return f"{environment['BARAZA_URL']}/callbacks/africastalking/{environment['AFRICASTALKING_CALLBACK_SECRET']}/"


def variables(config: str) -> dict[str, bool]:
    """Names of the variables that config.yml reads, and whether each is required."""
    code = "\n".join(line for line in config.splitlines() if not line.lstrip().startswith("#"))
    return {name: not optional for name, optional in _VARIABLE.findall(code)}


def config_text() -> str:
    """Return the text of config.yml."""
    return (ROOT / "config.yml").read_text()


def for_tests() -> dict[str, str]:
    """Return this process's variables, with what tests need where the user has not chosen."""
    return {**_FOR_TESTS, **os.environ}


def own_broker(account: str) -> str:
    """Return the name of the variable that holds the AMQP_URI of one of the broker's users."""
    return f"BARAZA_{account.upper()}_AMQP_URI"


def of_application(environment: Mapping[str, str], module: str) -> dict[str, str]:
    """Return what a process of the platform has instead: its own user of RabbitMQ, where RabbitMQ is private."""
    uri = environment.get(own_broker(module.partition(".")[0]))
    return {"AMQP_URI": uri} if uri else {}


def _brokers(given: Mapping[str, str], state: State) -> dict[str, str]:
    """Return the addresses of RabbitMQ and Redis, where they are private."""
    here = private(given)
    added = {}
    if rabbitmq.NAME in here:
        added["AMQP_URI"] = rabbitmq.uri(state, OPERATOR.name)
        added |= {own_broker(account.name): rabbitmq.uri(state, account.name) for account in ACCOUNTS}
        added["BARAZA_RABBITMQ_MANAGEMENT"] = rabbitmq.management_url(state)
    if redis.NAME in here:
        added["REDIS_URL"] = redis.url(state)
    return added


def _spare_databases(given: Mapping[str, str], state: State) -> dict[str, str]:
    """Return the addresses of the databases that feeds and notifications could use in the private cluster."""
    found = databases.spare(state) if postgresql.NAME in private(given) else {}
    return {f"BARAZA_{service.upper()}_POSTGRESQL": database.url(state) for service, database in found.items()}


def _of_topology(given: Mapping[str, str], spare: Mapping[str, str]) -> dict[str, str]:
    """Return what several processes need, and the addresses of the databases that they share: files would not do."""
    topology = chosen(given)
    found = dict(topology.variables)
    for service in map(str.upper, topology.on_postgresql):
        address = given.get(f"{service}_DB_URI") or spare.get(f"BARAZA_{service}_POSTGRESQL")
        if not address:
            raise MissingVariableError(f"set {service}_DB_URI too: replicas cannot share a file")
        found[f"{service}_DB_URI"] = address
    return found


def _gateways(given: Mapping[str, str], state: State) -> list[str]:
    """Return the addresses of the gateways themselves, where a load balancer stands in front of them."""
    topology = chosen(given)
    ports = [state.ports[name] for name in topology.names(GATEWAY)] if topology.balanced else []
    return [f"http://127.0.0.1:{port}" for port in ports]


def _vendors(given: Mapping[str, str], state: State) -> dict[str, str]:
    """Return what points at our stand-ins for the mail server, Africa's Talking and Sentry, where they are used."""
    here = private(given)
    added = {}
    if MAILBOX in here:
        added["SMTP_HOST"] = "127.0.0.1"
        added["SMTP_PORT"] = str(state.ports[MAILBOX])
        added["SMTP_SECURITY"] = "none"
        added["SMTP_USER"] = added["SMTP_PASSWORD"] = ""
        added["BARAZA_MAILBOX"] = f"http://127.0.0.1:{state.ports['mailbox_http']}"
    if SMS in here:
        added["AFRICASTALKING_API_KEY"] = state.secret("africastalking")
        secret = given.get("AFRICASTALKING_CALLBACK_SECRET") or state.secret("africastalking_callback")
        added["AFRICASTALKING_CALLBACK_SECRET"] = secret
        added["AFRICASTALKING_URL"] = added["BARAZA_SMS"] = f"http://127.0.0.1:{state.ports[SMS]}"
    if SENTRY in here:
        added["SENTRY_DSN"] = f"http://{state.secret('sentry', 16)}@127.0.0.1:{state.ports[SENTRY]}/1"
        added["BARAZA_ERRORS"] = f"http://127.0.0.1:{state.ports[SENTRY]}"
    return added


def _database(environment: dict[str, str], prefix: str, state: State) -> None:
    """Name the database and its role; a private one also gets its address and a password."""
    name, role = DATABASES[prefix]
    environment.setdefault(f"{prefix}_DB", name)
    environment.setdefault(f"{prefix}_USER", role)
    if f"{prefix}_HOST" not in environment:
        environment[f"{prefix}_HOST"] = "127.0.0.1"
        environment[f"{prefix}_PORT"] = str(state.ports[postgresql.NAME])
        environment.setdefault(f"{prefix}_PASSWORD", state.secret(prefix.lower()))


def _defaults(state: State, directory: Path) -> dict[str, str]:
    """Values for what the user has not set. Slashes: three and an absolute path make four."""
    return {
        "FEEDS_DB_URI": f"sqlite:///{directory / 'data' / 'feeds.sqlite3'}",
        "NOTIFICATIONS_DB_URI": f"sqlite:///{directory / 'data' / 'notifications.sqlite3'}",
        "SERVICE_TOKEN_KEYS": f"@{_keys(directory)}",
        "EMAIL_FROM": "Baraza <no-reply@baraza.localhost>",
        "AFRICASTALKING_USERNAME": "sandbox",
        "HOST": "127.0.0.1",
        "PORT": str(state.ports.get("gateway", 8000)),
        "LOG_FORMAT": "text",
    }


def write_keys(state: State, directory: Path) -> None:
    """Give an instance the file of its first service token key; whoever rotates them edits it."""
    if not _keys(directory).exists():
        write_private(_keys(directory), f"k1:{state.secret('service_token', 32)}\n")


def _keys(directory: Path) -> Path:
    return directory / "service_token_keys"


def _url(environment: Mapping[str, str]) -> str:
    """Return the gateway's address as this machine reaches it."""
    scheme = "https" if environment.get("TLS_CERT") else "http"
    host = environment["HOST"]
    return f"{scheme}://{'127.0.0.1' if host == '0.0.0.0' else host}:{environment['PORT']}"  # noqa: S104  not a bind
