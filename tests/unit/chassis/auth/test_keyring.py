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
from chassis.auth.keyring import Key, Keyring, parse

OLD, NEW = Key("k1", "o" * 64), Key("k2", "n" * 64)
OLD_TEXT, NEW_TEXT = (f"{key.name}:{key.secret}" for key in (OLD, NEW))
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


@pytest.mark.parametrize("text", [f"{NEW_TEXT}, {OLD_TEXT}", f"\n  {NEW_TEXT} \r\n\n{OLD_TEXT},\n\n"])
def test_keys_are_separated_by_commas_or_lines_and_keep_their_order(text: str) -> None:
    assert parse(text) == (NEW, OLD)
    assert parse(f"k1:a:{OLD.secret}") == (Key("k1", f"a:{OLD.secret}"),)


@pytest.mark.parametrize(
    "text",
    ["\n", "k1", "k1:short", f"{OLD_TEXT},k2:short", "k1" * 40, f"{OLD_TEXT},k2", f":{'a' * 32}", f"{OLD_TEXT}\n" * 2],
    ids=range(8),
)
def test_invalid_keys_are_rejected_without_quoting_a_secret(text: str) -> None:
    with pytest.raises(ValueError, match="service_token_keys") as error:
        parse(text)
    assert OLD.secret not in str(error.value)


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
    assert ring.signing == NEW


def test_changed_keys_are_logged_by_their_ids_without_their_secrets(
    file: Path, wait: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ring = Keyring(f"@{file}")
    file.write_text(f"{NEW_TEXT},{OLD_TEXT}")
    for _ in range(3):
        wait()
        assert ring.signing == NEW
    assert [record.getMessage() for record in caplog.records] == ["the service token keys are now k2, k1"]


def test_new_first_key_signs_at_once_although_tokens_are_cached(file: Path, wait: Wait) -> None:
    issuer = tokens.Issuer(Keyring(f"@{file}"))
    first = issuer.token(ADA, "feeds")
    file.write_text(f"{NEW_TEXT}\n{OLD_TEXT}")
    wait()
    second = issuer.token(ADA, "feeds")
    assert [jwt.get_unverified_header(token)["kid"] for token in (first, second)] == [OLD.name, NEW.name]


def test_process_has_one_keyring(file: Path) -> None:
    config = {"service_token_keys": f"@{file}", "service_token_issuers": ["users"]}
    assert keyring.from_config(config) is keyring.from_config(dict(config))
