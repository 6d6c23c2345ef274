"""The environment of a platform: what the user has set, and dev/templates/environment."""

import os
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from chassis.auth.keys import Key, generate, parse
from dev import DevError
from dev.machine.files import ROOT, render, write_private
from dev.machine.state import State
from dev.platform.programs import KEY_OWNERS, OPERATOR, keys_variable, process_names, topology
from dev.servers import private
from docker.rabbitmq.accounts import ACCOUNTS, VHOST

# Variables for users and tests begin so; the platform's processes do not get them.
FOR_USERS = "BARAZA_"
PUBLIC_KEYS = "public"  # the file with the public keys of all services
# Tests sign in and call far more often than users.
_FOR_TESTS = {
    "PASSWORD_TIME_COST": "1",
    "PASSWORD_MEMORY_COST": "8",
    "TRUSTED_PROXIES": "1",  # so that each user of a test can have an address of their own
    "ALLOWED_ORIGINS": "https://app.example.org",
}
_VARIABLE = re.compile(r"\$\{(\w+)(:)?")


def compose(given: Mapping[str, str], state: State, directory: Path) -> dict[str, str]:
    """Return the variables of config.yml that are set or required, and BARAZA_… for users and tests.

    `given` are the user's variables. Raises DevError if a required one is missing.
    """
    chosen, known = topology(given), variables((ROOT / "config.yml").read_text())
    text = render(
        "environment",
        given=defaultdict(str, given),
        private=private(given),
        ports=state.ports,
        secret=state.secret,
        keys={keys_variable(owner): key_files(directory, owner) for owner in KEY_OWNERS},
        operator_keys=keys_variable(OPERATOR),
        directory=directory,
        topology=chosen,
        names=partial(process_names, count=chosen.replicas),
        vhost=VHOST,
        rabbitmq_users=[account.name for account in ACCOUNTS],
    )
    composed = dict(line.split("=", 1) for line in text.splitlines() if line)
    environment = {name: given[name] for name in known if given.get(name)} | composed
    for name in ("FEEDS_DB_URI", "NOTIFICATIONS_DB_URI"):
        if not chosen.sqlite and environment[name].startswith("sqlite"):
            raise DevError(f"set {name} too: TOPOLOGY={given['TOPOLOGY']} cannot use SQLite")
    if missing := [name for name, required in known.items() if required and name not in environment]:
        raise DevError(f"set {', '.join(missing)} too: your own server needs it")
    return environment


def variables(config: str) -> dict[str, bool]:
    """Return the names of the variables in config.yml, and whether each is required."""
    code = "\n".join(line for line in config.splitlines() if not line.lstrip().startswith("#"))
    return {name: not optional for name, optional in _VARIABLE.findall(code)}


def for_tests() -> dict[str, str]:
    """Return this process's variables, and settings for tests unless the user has set them."""
    return {**_FOR_TESTS, **os.environ}


def write(file: Path, environment: Mapping[str, str]) -> None:
    """Write a file for `set -a; . file` in a shell. Only its owner can read it: it contains secrets."""
    write_private(file, "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))


def read(file: Path) -> dict[str, str]:
    """Read a file of `write`."""
    return dict(word.split("=", 1) for word in shlex.split(file.read_text()))


def write_keys(directory: Path) -> None:
    """Create a file with the private key of each service, and one with the public keys of all."""
    public: list[Key] = []
    for owner in KEY_OWNERS:
        file = directory / "keys" / owner
        if not file.exists():
            write_private(file, f"{generate(f'{owner}/k1')}\n")
        public += [key.public_half() for key in parse(file.read_text())]
    write_private(directory / "keys" / PUBLIC_KEYS, "".join(f"{key}\n" for key in public))


def key_files(directory: Path, owner: str) -> str:
    """Return SERVICE_TOKEN_KEYS of a service's processes; what 0.1.0 signed may still wait in a queue."""
    files = [directory / "keys" / owner, directory / "keys" / PUBLIC_KEYS, directory / "service_token_keys"]
    return ",".join(f"@{file}" for file in files if file != files[-1] or file.exists())
