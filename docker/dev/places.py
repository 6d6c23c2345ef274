"""Where things are: the project, and the directory of each instance below it."""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTANCES = ROOT / ".run"

# Linux allows 107 bytes in a socket's path, and HAProxy first binds "<path>.<its process id>.tmp".
_LONGEST_SOCKET = 107 - len(".4194304.tmp")


class ForeignDirectoryError(Exception):
    """A directory that must be ours belongs to somebody else; the text says whose and what to do."""


def instance(name: str) -> Path:
    """Return the directory of the instance with this name."""
    return INSTANCES / name


def create(directory: Path) -> None:
    """Make an instance's directories; others may walk through, as PostgreSQL's account does, not look around."""
    for path in (INSTANCES, directory, directory / "postgresql"):
        path.mkdir(exist_ok=True)
        own(path)
        path.chmod(0o711)
    for name in ("data", "log", "rabbitmq", "redis", "mailbox", "sms"):
        (directory / name).mkdir(mode=0o700, exist_ok=True)


def own(path: Path) -> None:
    """Refuse a directory that another account made, root's after a `sudo make run` for example."""
    owner = path.lstat().st_uid
    if owner != os.geteuid():
        raise ForeignDirectoryError(f"{path} belongs to user {owner}: run as that user, or remove it as that user")


def socket(directory: Path, name: str) -> Path:
    """Return a program's socket: in the instance, or below /tmp if that path is too long."""
    path = directory / f"{name}.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    short = Path(f"/tmp/baraza-{os.geteuid()}")  # noqa: S108  owner and mode are checked, as tmux does
    short.mkdir(mode=0o700, exist_ok=True)
    own(short)
    return short / f"{digest(path)}.sock"


def digest(directory: Path) -> str:
    """Return a short name for a directory, to tell clones apart in shared places."""
    return hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
