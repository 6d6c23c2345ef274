"""The usernames that this process read last, by the version of the tag that changes with each name."""

import time
from collections.abc import Iterable, Mapping

SIZE = 10_000  # names
PERIOD = 60  # seconds; at its end all names are read again, as cached responses are, in case an invalidation was lost

_Key = tuple[str, int, str]  # version, period, author


class NameCache:
    """Usernames by author; a version of None stands for one that is not known, for which nothing is stored."""

    def __init__(self) -> None:
        self._names: dict[_Key, str] = {}  # the oldest first

    def get(self, version: str | None, ids: Iterable[str]) -> dict[str, str]:
        """Return the usernames that are stored for a version, by id."""
        if version is None:
            return {}
        found = {author_id: self._names.get(_key(version, author_id)) for author_id in ids}
        return {author_id: name for author_id, name in found.items() if name is not None}

    def put(self, version: str | None, names: Mapping[str, str]) -> None:
        """Store usernames that were read after this version."""
        if version is None:
            return
        self._names |= {_key(version, author_id): name for author_id, name in names.items()}
        while len(self._names) > SIZE:
            del self._names[next(iter(self._names))]


def _key(version: str, author_id: str) -> _Key:
    return version, int(time.monotonic() / PERIOD), author_id
