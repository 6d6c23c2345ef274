"""A private PostgreSQL cluster on 127.0.0.1, with passwords."""

import os
import pwd
import shutil
from collections.abc import Mapping
from pathlib import Path

from dev import DevError
from dev.machine.files import ROOT, digest, write_private
from dev.machine.processes import run_command
from dev.machine.state import State
from dev.servers.databases import PREFIXES, SPARE, SUPERUSER, spare_uri
from dev.servers.server import LOCALHOST, Program, Server

_VERSIONS = Path("/usr/lib/postgresql")
# PostgreSQL does not run as root; Debian's packages create this account.
_ACCOUNT = "postgres"


def _variables(state: State, given: Mapping[str, str]) -> dict[str, str]:
    """Return the address and password of each database that the user has not elsewhere."""
    found = {f"BARAZA_{service.upper()}_POSTGRESQL": spare_uri(state, service) for service in SPARE}
    for prefix in PREFIXES:
        if not given.get(f"{prefix}_HOST"):
            password = given.get(f"{prefix}_PASSWORD") or state.secret(prefix.lower())
            port = str(state.ports["postgresql"])
            found |= {f"{prefix}_HOST": LOCALHOST, f"{prefix}_PORT": port, f"{prefix}_PASSWORD": password}
    return found


def _program(directory: Path, state: State, _environment: Mapping[str, str]) -> Program:
    data = data_directory(directory)
    if not (data / "PG_VERSION").exists():
        _create_cluster(data, state.secret("postgresql"))
    settings = {
        "listen_addresses": LOCALHOST,
        "port": state.ports["postgresql"],
        "unix_socket_directories": "",  # no socket: its path could be too long, or not accessible
        "max_connections": 200,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = (str(_binaries(data) / "postgres"), "-D", str(data), *options)
    # INT is PostgreSQL's fast shutdown; TERM would wait for its clients to disconnect.
    return Program("postgresql", command, user=_account(), stop_signal="INT")


def data_directory(directory: Path) -> Path:
    """Return the cluster's directory: in the instance, or in `postgres`' home if it cannot enter here (below /root)."""
    if _account() is None or all(path.stat().st_mode & 0o001 for path in (ROOT, *ROOT.parents)):
        return directory / "postgresql" / "data"
    return Path(pwd.getpwnam(_ACCOUNT).pw_dir) / f"baraza-{digest(directory / 'postgresql')}"


def _account() -> str | None:
    """Return the account to run as; None for the current one: it is not root, or PostgreSQL is not installed."""
    accounts = {entry.pw_name for entry in pwd.getpwall()} if os.geteuid() == 0 else ()
    return _ACCOUNT if _ACCOUNT in accounts else None


def _create_cluster(data: Path, password: str) -> None:
    """Create the cluster beside its directory and rename it, so that an interrupted start leaves no half of one."""
    new = data.with_name(f"{data.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    password_file = new.with_name(f"{new.name}.password")
    write_private(password_file, password)
    account = _account()
    if account:
        shutil.chown(new, account)
        shutil.chown(password_file, account)
    options = {
        "--pgdata": new,
        "--username": SUPERUSER,
        "--pwfile": password_file,
        "--auth": "scram-sha-256",
        "--encoding": "UTF8",
        "--locale": "C.UTF-8",
    }
    command = [str(_binaries(data) / "initdb"), *(f"{name}={value}" for name, value in options.items())]
    run_command(command, os.environ, data.parent / "initdb.log", account)
    password_file.unlink()
    new.rename(data)


def _binaries(data: Path) -> Path:
    """Return the programs of the version that created the cluster; of the newest one for a new cluster."""
    stamp = data / "PG_VERSION"
    installed = sorted((path.name for path in _VERSIONS.iterdir()), key=int)
    version = stamp.read_text().strip() if stamp.exists() else installed[-1]
    if version not in installed:
        raise DevError(f"{data} needs PostgreSQL {version}, which is not installed: `make clean` deletes the data")
    return _VERSIONS / version / "bin"


SERVER = Server("postgresql", tuple(f"{one}_HOST" for one in PREFIXES), ("postgresql",), _variables, _program)
