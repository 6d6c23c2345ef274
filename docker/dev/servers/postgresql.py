"""A PostgreSQL cluster of our own, reachable over 127.0.0.1 with passwords only."""

import os
import pwd
import shutil
from pathlib import Path

from docker.dev.commands import run
from docker.dev.places import ROOT, digest
from docker.dev.programs import Program
from docker.dev.state import State, write_private

NAME = "postgresql"
PORTS = ("postgresql",)
SUPERUSER = "postgres"

_VERSIONS = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root; Debian's packages bring this account.
_ACCOUNT = "postgres"


class PostgresqlError(Exception):
    """The cluster cannot be made or started; the text says what to do."""


def prepare(directory: Path, state: State) -> Program:
    """Make the cluster if there is none; the answer is how to run it."""
    data = data_directory(directory)
    if not (data / "PG_VERSION").exists():
        _make(data, state.secret(NAME))
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": state.ports["postgresql"],
        "unix_socket_directories": "",  # no socket: its path could be too long, or not ours to enter
        "max_connections": 200,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = (str(_binaries(data) / "postgres"), "-D", str(data), *options)
    # INT is PostgreSQL's fast shutdown; TERM would wait for its clients to leave.
    return Program(NAME, command, user=_account(), stop_signal="INT")


def data_directory(directory: Path) -> Path:
    """Return the cluster's place: in the instance, or `postgres`' home if it cannot walk here (below /root)."""
    if _account() is None or _open_to_all(ROOT):
        return directory / "data"
    return Path(pwd.getpwnam(_ACCOUNT).pw_dir) / f"baraza-{digest(directory)}"


def _account() -> str | None:
    """Return the account to become, None to stay: we are not root, or PostgreSQL is not installed."""
    accounts = {entry.pw_name for entry in pwd.getpwall()} if os.geteuid() == 0 else ()
    return _ACCOUNT if _ACCOUNT in accounts else None


def _open_to_all(directory: Path) -> bool:
    """Whether an account without rights of its own may walk down to this directory."""
    return all(path.stat().st_mode & 0o001 for path in (directory, *directory.parents))


def _make(data: Path, password: str) -> None:
    """Make the cluster beside its place and move it there: an interrupted start leaves no half of one."""
    new = data.with_name(f"{data.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    secret = new.with_name(f"{new.name}.password")
    write_private(secret, password)
    account = _account()
    if account:
        shutil.chown(new, account)
        shutil.chown(secret, account)
    run(
        (
            _binaries(data) / "initdb",
            "--pgdata", new,
            "--username", SUPERUSER,
            "--pwfile", secret,
            "--auth", "scram-sha-256",
            "--encoding", "UTF8",
            "--locale", "C.UTF-8",
        ),
        user=account,
    )  # fmt: skip
    secret.unlink()
    new.rename(data)


def _binaries(data: Path) -> Path:
    """Return the programs of the version that made the cluster, of the newest one for a new cluster."""
    stamp = data / "PG_VERSION"
    installed = sorted((path.name for path in _VERSIONS.iterdir()), key=int)
    version = stamp.read_text().strip() if stamp.exists() else installed[-1]
    if version not in installed:
        raise PostgresqlError(f"{data} was made by PostgreSQL {version}, which is gone: `make clean` starts anew")
    return _VERSIONS / version / "bin"
