"""Keys in the setting, or in a file that is read again when it changes."""

import logging
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import jwt
import pytest

from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.auth.keyring import Keyring
from chassis.auth.keys import generate

OLD, NEW = generate("gateway/k1"), generate("gateway/k2")
FEEDS = generate("feeds/k1").public_half()
OLD_TEXT, NEW_TEXT = str(OLD), str(NEW)
ADA = Caller("gateway", user="id-of-ada")
Wait = Callable[[], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys"
    file.write_text(OLD_TEXT)
    return file


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Advance the monotonic clock by the 5 seconds after which a file is read again."""
    times = count(1000.0, 5.0)
    clock = SimpleNamespace(now=next(times))
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return lambda: setattr(clock, "now", next(times))


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"k1:short"])
def test_invalid_file_is_rejected_with_its_path(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"service_token_keys: .*{file}"):
        Keyring(f"@{file}")


def test_changed_file_is_in_use_within_5_seconds(file: Path, wait: Wait) -> None:
    ring = Keyring(f"@{file}")
    file.write_text(f"{OLD_TEXT}\n{NEW_TEXT}\n")
    assert list(ring.keys) == [OLD]  # it was read just now
    wait()
    assert list(ring.keys) == [OLD, NEW]


def test_replaced_symbolic_link_is_noticed(tmp_path: Path, wait: Wait) -> None:
    """Kubernetes updates a mounted secret this way: keys -> ..data/keys, ..data -> ..<date>."""
    for name, text in (("..1", OLD_TEXT), ("..2", NEW_TEXT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys").write_text(text)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "keys").symlink_to("..data/keys")
    ring = Keyring(f"@{tmp_path}/keys")
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    wait()
    assert ring.keys == (NEW,)


@pytest.mark.parametrize("broken", [None, b"", b"k2:short", b"\xff"])
def test_file_that_becomes_invalid_changes_no_keys_and_is_logged_once(
    file: Path, wait: Wait, caplog: pytest.LogCaptureFixture, broken: bytes | None
) -> None:
    ring = Keyring(f"@{file}")
    for _ in range(2):
        file.unlink() if broken is None else file.write_bytes(broken)
        for _ in range(3):
            wait()
            assert ring.keys == (OLD,)
        file.write_text(OLD_TEXT)
        wait()
        assert ring.keys == (OLD,)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert str(file) in caplog.text
    file.write_text(NEW_TEXT)
    wait()
    assert ring.signing("gateway") == NEW


def test_process_that_is_forked_while_a_file_is_invalid_has_the_keys_of_its_parent(file: Path, wait: Wait) -> None:
    """gunicorn loads the settings, and each of its workers loads them again after the fork."""
    settings = {"service_token_keys": f"@{file}", "service_token_issuers": ["gateway"]}
    keyring.from_config(settings)
    file.write_text(OLD_TEXT[: len(OLD_TEXT) // 2])
    wait()
    assert keyring.from_config(settings).keys == (OLD,)


def test_changed_keys_are_logged_by_their_ids_without_their_secrets(
    file: Path, wait: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ring = Keyring(f"@{file}")
    file.write_text(f"{NEW_TEXT},{OLD_TEXT}")
    for _ in range(3):
        wait()
        assert ring.signing("gateway") == NEW
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == "the service token keys are now gateway/k2, gateway/k1"


def test_new_first_key_signs_at_once_although_tokens_are_cached(file: Path, wait: Wait) -> None:
    issuer = tokens.Issuer(Keyring(f"@{file}"))
    first = issuer.token(ADA, "feeds")
    file.write_text(f"{NEW_TEXT}\n{OLD_TEXT}")
    wait()
    second = issuer.token(ADA, "feeds")
    assert [jwt.get_unverified_header(token)["kid"] for token in (first, second)] == [OLD.name, NEW.name]


def test_unknown_key_is_read_at_once_but_not_more_often_than_the_limit(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    ring = Keyring(f"@{file}")
    clock.now += keyring.SOONEST_RELOAD
    assert ring.find(NEW.name) is None
    file.write_text(f"{OLD_TEXT}\n{NEW_TEXT}")
    assert ring.find(NEW.name) is None
    clock.now += keyring.SOONEST_RELOAD
    assert ring.find(NEW.name) == NEW


def test_first_private_key_of_a_service_signs_its_tokens(file: Path) -> None:
    shared = f"k1:{'s' * 64}"
    ring = Keyring(f"{FEEDS},@{file},{NEW_TEXT},{shared}")
    assert (ring.signing("gateway"), ring.owner) == (OLD, "gateway")
    assert [key.name for key in ring.secrets("gateway")] == [OLD.name, NEW.name, "k1"]
    assert (ring.signing("feeds").name, ring.signing("users").name) == ("k1", "k1")
    assert Keyring(f"{shared},@{file}").signing("gateway").name == "k1"


def test_process_without_a_private_key_of_a_service_cannot_sign_for_it(file: Path) -> None:
    with pytest.raises(ValueError, match="no private key of feeds"):
        Keyring(f"@{file},{FEEDS}").signing("feeds")
    with pytest.raises(ValueError, match="none of the keys is private"):
        Keyring(str(FEEDS))


def test_equal_settings_return_the_same_keyring(file: Path) -> None:
    config = {"service_token_keys": f"@{file}", "service_token_issuers": ["users"]}
    assert keyring.from_config(config) is keyring.from_config(dict(config))
