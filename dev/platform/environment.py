"""The environment of a platform: what the user has set, and dev/templates/environment."""

import os
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from dev import DevError
from dev.machine.files import ROOT, render, write_private
from dev.machine.state import State
from dev.platform.programs import process_names, replicas
from dev.servers import private
from docker.rabbitmq.accounts import ACCOUNTS, VHOST

# Variables for users and tests begin so; the platform's processes do not get them.
FOR_USERS = "BARAZA_"
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
    count, known = replicas(given), variables((ROOT / "config.yml").read_text())
    text = render(
        "environment",
        given=defaultdict(str, given),
        private=private(given),
        ports=state.ports,
        secret=state.secret,
        directory=directory,
        replicas=count,
        names=partial(process_names, count=count),
        vhost=VHOST,
        rabbitmq_users=[account.name for account in ACCOUNTS],
    )
    composed = dict(line.split("=", 1) for line in text.splitlines() if line)
    environment = {name: given[name] for name in known if given.get(name)} | composed
    for name in ("FEEDS_DB_URI", "NOTIFICATIONS_DB_URI"):
        if count > 1 and environment[name].startswith("sqlite"):
            raise DevError(f"set {name} too: several processes cannot share an SQLite file")
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


def write_keys(state: State, directory: Path) -> None:
    """Create the file of service token keys; edit it to rotate the keys."""
    file = directory / "service_token_keys"
    if not file.exists():
        write_private(file, f"k1:{state.secret('service_token', 32)}\n")
