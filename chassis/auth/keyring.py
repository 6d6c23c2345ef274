"""The keys of a process: its own private key, which signs its tokens, and the public keys of all services.

The setting lists the keys, or files of them: `@/run/secrets/own,@/run/secrets/public`. A process reads the files again
every few seconds, and when it gets a token of an unknown key, so keys rotate without a restart.
"""

import logging
import re
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from chassis.auth.keys import Key, parse

RELOAD_INTERVAL = 2  # seconds; a changed file is in use after 5 at the latest
SOONEST_RELOAD = 0.1  # seconds after the last one, because of an unknown key, which any client of the broker can name

_log = logging.getLogger(__name__)


class Keyring:
    """The current keys, and whose tokens are accepted. The first key that can sign for a service signs.

    `issuers` are the services whose tokens are accepted; only `user_issuers` may call on behalf of a user. Clocks may
    differ by `clock_skew` seconds. The constructor raises ValueError for invalid keys. A file that becomes invalid
    later is logged as an error, and the keys do not change.
    """

    def __init__(
        self, setting: str, issuers: Iterable[str] = (), user_issuers: Iterable[str] = (), clock_skew: float = 0
    ) -> None:
        self.issuers = frozenset(issuers)
        self.user_issuers = frozenset(user_issuers)
        self.clock_skew = clock_skew
        self._setting = setting
        self._has_files = any(entry.startswith("@") for entry in _entries(setting))
        self._text = _read(setting)
        self._keys = _parse(self._text, setting)
        self._last_error = ""
        self._loaded = time.monotonic()
        if not any(key.private for key in self._keys):
            raise ValueError("service_token_keys: none of the keys is private")
        if any(key.owner is None for key in self._keys):
            _log.warning("service_token_keys: a secret that all services share is accepted (docs/security-services.md)")

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys."""
        self._reload_after(RELOAD_INTERVAL)
        return self._keys

    @property
    def owner(self) -> str | None:
        """The service whose key signs here; None if it is a secret that all services share."""
        return next(key.owner for key in self.keys if key.private)

    def signing(self, service: str) -> Key:
        """Return the key that signs the tokens of a service. Raises ValueError if this process has none."""
        return self.secrets(service)[0]

    def secrets(self, service: str) -> list[Key]:
        """Return all keys that can sign for a service, the current one first. Raises ValueError if there is none."""
        found = [key for key in self.keys if key.signs_for(service)]
        if not found:
            raise ValueError(f"service_token_keys: this process has no private key of {service}")
        return found

    def find(self, name: str) -> Key | None:
        """Return the key with an id; an unknown one may have been added to a file a moment ago."""
        found = self._find(name)
        if found is None:
            self._reload_after(SOONEST_RELOAD)
            found = self._find(name)
        return found

    def _find(self, name: str) -> Key | None:
        return next((key for key in self.keys if key.name == name), None)

    def _reload_after(self, seconds: float) -> None:
        """Read the files and compare their text: Kubernetes updates a mounted secret by replacing a symbolic link."""
        if not self._has_files or time.monotonic() < self._loaded + seconds:
            return
        self._loaded = time.monotonic()
        try:
            text = _read(self._setting)
            keys = self._keys if text == self._text else _parse(text, self._setting)
        except ValueError as error:
            if self._last_error != str(error):
                _log.error("%s; the keys do not change", error)
            self._last_error = str(error)
            return
        self._last_error = ""
        if text != self._text:
            self._text, self._keys = text, keys
            _log.info("the service token keys are now %s", ", ".join(key.name for key in keys))


_shared = lru_cache(Keyring)


def from_config(config: dict[str, Any]) -> Keyring:
    """Return the keyring of this process."""
    return _shared(
        config["service_token_keys"],
        tuple(config["service_token_issuers"]),
        tuple(config.get("service_token_user_issuers", ())),
        config.get("clock_skew", 0),
    )


def _entries(setting: str) -> list[str]:
    return [entry.strip() for entry in re.split(r"[,\n]", setting)]


def _read(setting: str) -> str:
    """Return the setting with the content of its files."""
    return "\n".join(_content(Path(entry[1:])) if entry.startswith("@") else entry for entry in _entries(setting))


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"service_token_keys: {file} cannot be read: {type(error).__name__}") from None


def _parse(text: str, setting: str) -> tuple[Key, ...]:
    try:
        keys = parse(text)
    except ValueError as error:
        files = [entry[1:] for entry in _entries(setting) if entry.startswith("@")]
        raise ValueError(f"service_token_keys: {error}{', in ' if files else ''}{' or '.join(files)}") from None
    if not keys:
        raise ValueError(f"service_token_keys: no key in {setting if setting.startswith('@') else 'it'}")
    return keys
