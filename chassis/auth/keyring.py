"""The keys that sign the tokens between services, and the issuers whose tokens are accepted.

The setting contains the keys, `id:secret,id:secret`, or the path of a file with them, `@/run/secrets/keys`. A process
reads the file again every few seconds, so keys rotate without a restart.
"""

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

RELOAD_INTERVAL = 2  # seconds; a changed file is in use after 5 at the latest
MINIMUM_SECRET = 32  # characters
_EXPECTED = f"expected id:secret,id:secret with unique ids and secrets of {MINIMUM_SECRET} characters or more"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key; `name` is the `kid` in the token's header (RFC 7515)."""

    name: str
    secret: str


class Keyring:
    """The current keys: the first signs, all verify. A keyring without issuers only signs.

    `clock_skew` is by how many seconds the clocks of two hosts may differ.

    The constructor raises ValueError for invalid keys. A file that becomes invalid later is logged as an error, and the
    keys do not change.
    """

    def __init__(self, setting: str, issuers: Iterable[str] = (), clock_skew: float = 0) -> None:
        self.issuers = frozenset(issuers)
        self.clock_skew = clock_skew
        self._file = Path(setting.removeprefix("@")) if setting.startswith("@") else None
        self._text, self._keys = _read(self._file) if self._file else (setting, parse(setting))
        self._last_error = ""
        self._next_reload = time.monotonic() + RELOAD_INTERVAL

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys; the first one signs."""
        if self._file is not None and time.monotonic() >= self._next_reload:
            self._reload(self._file)
        return self._keys

    @property
    def signing(self) -> Key:
        """The key that signs."""
        return self.keys[0]

    def _reload(self, file: Path) -> None:
        """Read the file and compare its text: Kubernetes updates a mounted secret by replacing a symbolic link."""
        self._next_reload = time.monotonic() + RELOAD_INTERVAL
        try:
            text, keys = _read(file)
        except ValueError as error:
            if self._last_error != str(error):
                _log.error("%s; the keys do not change", error)
            self._last_error = str(error)
            return
        self._last_error = ""
        if text != self._text:
            self._text, self._keys = text, keys
            _log.info("the service token keys are now %s", ", ".join(key.name for key in keys))


def from_config(config: dict[str, Any]) -> Keyring:
    """Return the keyring of this process."""
    return _shared(config["service_token_keys"], tuple(config["service_token_issuers"]), config.get("clock_skew", 0))


def parse(text: str) -> tuple[Key, ...]:
    """Parse keys that are separated by commas or line breaks. The text of the ValueError contains no secret."""
    entries = [entry.strip() for entry in re.split(r"[,\n]", text)]
    parts = [entry.partition(":") for entry in entries if entry]
    keys = tuple(Key(name, secret) for name, _, secret in parts)
    valid = all(key.name and len(key.secret) >= MINIMUM_SECRET for key in keys)
    if not keys or not valid or len({key.name for key in keys}) < len(keys):
        raise ValueError(f"service_token_keys: {_EXPECTED}")
    return keys


_shared = lru_cache(Keyring)


def _read(file: Path) -> tuple[str, tuple[Key, ...]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"service_token_keys: {file} cannot be read: {type(error).__name__}") from None
    try:
        return text, parse(text)
    except ValueError as error:
        raise ValueError(f"{error}, in {file}") from None
