"""The keys that sign the tokens between services, and the issuers whose tokens count.

They stand in the setting itself, `id:secret,id:secret`, or in a file that it names, `@/run/secrets/keys`. A file is
looked at again and again, so that keys rotate without a restart.
"""

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

LOOK = 2  # seconds between looks at the file; a change counts after 5 at the latest
MINIMUM_SECRET = 32  # characters
_EXPECTED = f"expected id:secret,id:secret with ids that differ and secrets of {MINIMUM_SECRET} characters or more"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key; `name` travels in the token's header as `kid`."""

    name: str
    secret: str


class Keyring:
    """The keys as they are now: the first signs, all verify. Without issuers a ring only signs.

    Raises ValueError at the start. Later a file that cannot be used leaves the keys as they were, and is complained of.
    """

    def __init__(self, setting: str, issuers: Iterable[str] = ()) -> None:
        self.issuers = frozenset(issuers)
        self._file = Path(setting.removeprefix("@")) if setting.startswith("@") else None
        self._text, self._keys = _read(self._file) if self._file else (setting, parse(setting))
        self._trouble = ""
        self._next_look = time.monotonic() + LOOK

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys, the one that signs first."""
        if self._file is not None and time.monotonic() >= self._next_look:
            self._look(self._file)
        return self._keys

    @property
    def signing(self) -> Key:
        """The key that signs."""
        return self.keys[0]

    def _look(self, file: Path) -> None:
        """Read the file again; by its content, because a mounted secret is changed by turning a symbolic link."""
        self._next_look = time.monotonic() + LOOK
        try:
            text, keys = _read(file)
        except ValueError as error:
            if self._trouble != str(error):
                _log.error("%s; the keys stay as they were", error)
            self._trouble = str(error)
            return
        self._trouble = ""
        if text != self._text:
            self._text, self._keys = text, keys
            _log.info("the service token keys are now %s", ", ".join(key.name for key in keys))


def from_config(config: dict[str, Any]) -> Keyring:
    """Return the one keyring that all of this process shares."""
    return _shared(config["service_token_keys"], tuple(config["service_token_issuers"]))


def parse(text: str) -> tuple[Key, ...]:
    """Read keys, separated by commas or new lines. Raises ValueError, which quotes nothing: it may be secret."""
    entries = [entry.strip() for entry in re.split(r"[,\n]", text)]
    parts = [entry.partition(":") for entry in entries if entry]
    keys = tuple(Key(name, secret) for name, _, secret in parts)
    good = all(key.name and len(key.secret) >= MINIMUM_SECRET for key in keys)
    if not keys or not good or len({key.name for key in keys}) < len(keys):
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
