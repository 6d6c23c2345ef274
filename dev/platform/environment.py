"""The environment of a platform: what the user has set, the private servers' addresses, and defaults."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from dev import DevError
from dev.machine.files import ROOT, write_private
from dev.machine.state import State
from dev.platform.programs import GATEWAY, chosen
from dev.servers import private
from dev.servers.databases import PREFIXES
from dev.servers.server import LOCALHOST

# Variables for users and tests begin so; the platform's processes do not get them.
FOR_USERS = "BARAZA_"
# Tests sign in and call far more often than users.
_FOR_TESTS = {
    "PASSWORD_TIME_COST": "1",
    "PASSWORD_MEMORY_COST": "8",
    "TRUSTED_PROXIES": "1",  # so that each user of a test can have an address of their own
    "ALLOWED_ORIGINS": "https://app.example.org",
}
KEYS = "service_token_keys"
_VARIABLE = re.compile(r"\$\{(\w+)(:)?")


def compose(given: Mapping[str, str], state: State, directory: Path, config: str) -> dict[str, str]:
    """Return the variables of config.yml that are set or required, and BARAZA_… for users and tests.

    `given` are the user's variables, `config` is the text of config.yml. Raises DevError if a required one is missing.
    """
    known, topology = variables(config), chosen(given)
    environment = {name: given[name] for name in known if given.get(name)}
    for server in private(given):
        environment |= server.variables(state, given)
    for service in map(str.upper, topology.on_postgresql):
        if not (uri := given.get(f"{service}_DB_URI") or environment.get(f"BARAZA_{service}_POSTGRESQL")):
            raise DevError(f"set {service}_DB_URI too: several processes cannot share an SQLite file")
        environment[f"{service}_DB_URI"] = uri
    for name, value in (_defaults(state, directory) | topology.variables).items():
        environment.setdefault(name, value)
    url = _url(environment)
    gateways = [f"http://{LOCALHOST}:{state.ports[name]}" for name in topology.names(GATEWAY) if topology.load_balancer]
    environment |= {"BARAZA_URL": url, "BARAZA_GATEWAYS": " ".join(gateways) or url}
    environment.setdefault("PUBLIC_URL", url)
    if missing := [name for name, required in known.items() if required and name not in environment]:
        raise DevError(f"set {', '.join(missing)} too: your own server needs it")
    return environment


def variables(config: str) -> dict[str, bool]:
    """Return the names of the variables in config.yml, and whether each is required."""
    code = "\n".join(line for line in config.splitlines() if not line.lstrip().startswith("#"))
    return {name: not optional for name, optional in _VARIABLE.findall(code)}


def config_text() -> str:
    """Return the text of config.yml."""
    return (ROOT / "config.yml").read_text()


def for_tests() -> dict[str, str]:
    """Return this process's variables, and settings for tests unless the user has set them."""
    return {**_FOR_TESTS, **os.environ}


def write(file: Path, environment: Mapping[str, str]) -> None:
    """Write a file for `set -a; . file` in a shell. Only its owner can read it: it contains secrets."""
    write_private(file, "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))


def read(file: Path) -> dict[str, str]:
    """Read a file of `write`."""
    return dict(word.split("=", 1) for word in shlex.split(file.read_text()))


def write_keys(state: State, directory: Path) -> None:
    """Create the file of service token keys; edit it to rotate the keys."""
    file = directory / KEYS
    if not file.exists():
        write_private(file, f"k1:{state.secret('service_token', 32)}\n")


def _defaults(state: State, directory: Path) -> dict[str, str]:
    databases = {
        f"{prefix}_{part}": name
        for prefix in PREFIXES
        for part, name in zip(("DB", "USER"), PREFIXES[prefix], strict=True)
    }
    return databases | {
        # Three slashes and an absolute path make four.
        "FEEDS_DB_URI": f"sqlite:///{directory / 'data' / 'feeds.sqlite3'}",
        "NOTIFICATIONS_DB_URI": f"sqlite:///{directory / 'data' / 'notifications.sqlite3'}",
        "SERVICE_TOKEN_KEYS": f"@{directory / KEYS}",
        "EMAIL_FROM": "Baraza <no-reply@baraza.localhost>",
        "AFRICASTALKING_USERNAME": "sandbox",
        "HOST": LOCALHOST,
        "PORT": str(state.ports.get("gateway", 8000)),
        "LOG_FORMAT": "text",
    }


def _url(environment: Mapping[str, str]) -> str:
    """Return the gateway's address on this machine."""
    scheme = "https" if environment.get("TLS_CERT") else "http"
    host = environment["HOST"]
    return f"{scheme}://{LOCALHOST if host == '0.0.0.0' else host}:{environment['PORT']}"  # noqa: S104 - not a bind
