"""Usernames in the memory of a web process."""

import pytest

from gateway.authors import name_cache
from gateway.authors.name_cache import NameCache


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [6000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_name_is_read_again_after_a_period(now: list[float]) -> None:
    cache = NameCache()
    cache.put("1", {"ada": "ada"})
    now[0] += name_cache.PERIOD - 1
    assert cache.get("1", ["ada"]) == {"ada": "ada"}
    now[0] += 1
    assert cache.get("1", ["ada"]) == {}


def test_name_is_returned_for_the_version_after_which_it_was_read() -> None:
    cache = NameCache()
    cache.put("1", {"ada": "ada"})
    cache.put("2", {"ada": "lovelace"})
    assert cache.get("1", ["ada", "ben"]) == {"ada": "ada"}
    assert cache.get("2", ["ada", "ben"]) == {"ada": "lovelace"}
    assert cache.get("3", ["ada"]) == {}


def test_without_a_version_nothing_is_stored() -> None:
    cache = NameCache()
    cache.put(None, {"ada": "ada"})
    assert cache.get(None, ["ada"]) == {}


def test_oldest_names_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_cache, "SIZE", 2)
    cache = NameCache()
    for name in ("ada", "ben", "chebet"):
        cache.put("1", {name: name})
    assert cache.get("1", ["ada", "ben", "chebet"]) == {"ben": "ben", "chebet": "chebet"}
