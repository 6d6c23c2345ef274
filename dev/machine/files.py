"""The directories of the project and of each instance, and files in them."""

import os
import shlex
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from dev import DevError

ROOT = Path(__file__).resolve().parents[2]
INSTANCES = ROOT / ".run"

_templates = Environment(loader=FileSystemLoader(ROOT / "dev/templates"), trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - no HTML
# For supervisord, where a percent sign begins an expansion.
_templates.filters["percent"] = lambda text: text.replace("%", "%%")
_templates.filters["command"] = lambda words: shlex.join(map(str, words)).replace("%", "%%")


def render(template: str, **values: object) -> str:
    """Return a template of dev/templates with values filled in."""
    return _templates.get_template(template).render(values)


def write_private(file: Path, text: str) -> None:
    """Replace a file atomically; only its owner can read it at any time (mode 0600)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    new.replace(file)


def create_instance_directory(directory: Path) -> None:
    """Create the directories of an instance. Other accounts may pass through, as PostgreSQL's must, but not list."""
    for path in (INSTANCES, directory, directory / "postgresql"):
        path.mkdir(exist_ok=True)
        require_owned(path)
        path.chmod(0o711)
    for name in ("data", "keys", "log", "rabbitmq", "redis", "mailbox", "sms"):
        (directory / name).mkdir(mode=0o700, exist_ok=True)


def require_owned(path: Path) -> None:
    """Raise DevError if another account owns a directory, for example root after `sudo make run`."""
    owner = path.lstat().st_uid
    if owner != os.geteuid():
        raise DevError(f"{path} belongs to user {owner}: run as that user, or remove it as that user")
