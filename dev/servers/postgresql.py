"""The private PostgreSQL cluster: its files, and the account that runs it."""

import hashlib
import os
import pwd
import shutil
from pathlib import Path

from dev import DevError
from dev.machine.files import ROOT, write_private
from dev.machine.processes import run_command
from dev.servers.databases import SUPERUSER

_VERSIONS = Path("/usr/lib/postgresql")
# PostgreSQL does not run as root; Debian's packages create this account.
_ACCOUNT = "postgres"


def data_directory(directory: Path) -> Path:
    """Return the cluster's directory: in the instance, or in `postgres`' home if it cannot enter here (below /root)."""
    if account() is None or all(path.stat().st_mode & 0o001 for path in (ROOT, *ROOT.parents)):
        return directory / "postgresql" / "data"
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]  # of this clone and instance
    return Path(pwd.getpwnam(_ACCOUNT).pw_dir) / f"baraza-{digest}"


def account() -> str | None:
    """Return the account to run as; None for the current one: it is not root, or PostgreSQL is not installed."""
    accounts = {entry.pw_name for entry in pwd.getpwall()} if os.geteuid() == 0 else ()
    return _ACCOUNT if _ACCOUNT in accounts else None


def binaries(data: Path) -> Path:
    """Return the programs of the version that created the cluster; of the newest one for a new cluster."""
    stamp = data / "PG_VERSION"
    version = stamp.read_text().strip() if stamp.exists() else max((one.name for one in _VERSIONS.iterdir()), key=int)
    if not (_VERSIONS / version).exists():
        raise DevError(f"{data} needs PostgreSQL {version}, which is not installed: `make clean` deletes the data")
    return _VERSIONS / version / "bin"


def create_cluster(data: Path, password: str) -> None:
    """Create the cluster if it does not exist; beside its directory first, so that an interruption leaves no half."""
    if (data / "PG_VERSION").exists():
        return
    new, password_file = data.with_name(f"{data.name}.new"), data.with_name(f"{data.name}.password")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    write_private(password_file, password)
    user = account()
    if user:
        shutil.chown(new, user)
        shutil.chown(password_file, user)
    places = (f"--pgdata={new}", f"--username={SUPERUSER}", f"--pwfile={password_file}")
    command = (f"{binaries(data)}/initdb", *places, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8")
    run_command(command, os.environ, data.with_name("initdb.log"), user)
    password_file.unlink()
    new.rename(data)
