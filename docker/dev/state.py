"""What an instance remembers between starts: its ports and its secrets, in one file only its owner reads."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from docker.dev import ports


class State:
    """Ports and secrets by name. Secrets are made when first asked for and then stay."""

    def __init__(self, file: Path) -> None:
        self._file = file
        known = json.loads(file.read_text()) if file.exists() else {}
        self.ports: dict[str, int] = known.get("ports", {})
        self._secrets: dict[str, str] = known.get("secrets", {})

    def secret(self, name: str, size: int = 24) -> str:
        """Return `size` random bytes in hexadecimal, so that they fit in URLs and shells as they are."""
        if name not in self._secrets:
            self._secrets[name] = secrets.token_hex(size)
            self.save()
        return self._secrets[name]

    def settle_ports(self, names: Iterable[str]) -> None:
        """Give every name a free port; only to be called while none of the servers runs."""
        self.ports = ports.choose(names, self.ports)
        self.save()

    def save(self) -> None:
        """Replace the file at once, so that a crash leaves the old one."""
        write_private(self._file, json.dumps({"ports": self.ports, "secrets": self._secrets}, indent=2))


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else may read at any moment (mode 0600), replacing it at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    new.replace(file)
