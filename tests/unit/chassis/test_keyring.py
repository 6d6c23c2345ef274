"""Keys in the setting or in a file that is followed."""

import logging
import time
from collections.abc import Callable
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys"
    file.write_text(OLD_TEXT)
    return file


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass."""
    clock = SimpleNamespace(moment=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.moment)

    def later(seconds: float) -> None:
        clock.moment += seconds

    return later


def test_keys_are_read_in_order_and_may_contain_colons() -> None:
    assert parse(f"k2:{NEW.secret}, k1:a:{OLD.secret}") == (NEW, Key("k1", f"a:{OLD.secret}"))


def test_new_lines_separate_too_and_blank_ones_and_spaces_are_ignored() -> None:
    assert parse(f"\n  {NEW_TEXT} \r\n\n{OLD_TEXT},\n\n") == (NEW, OLD)


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "k1",
        "k1:short",
        f"{OLD_TEXT},k2:short",
        "k1" * 40,
        f"{OLD_TEXT},k2",
        f":{'a' * 32}",
        f"{OLD_TEXT}\n" * 2,
    ],
    ids=range(8),
)
def test_weak_missing_malformed_or_ambiguous_keys_are_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="service_token_keys") as refused:
        parse(text)
    assert OLD.secret not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"k1:short"])
def test_a_file_that_cannot_be_used_is_refused_at_the_start_and_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"service_token_keys: .*{file}"):
        Keyring(f"@{file}")


def test_a_changed_file_counts_within_5_seconds(file: Path, later: Callable[[float], None]) -> None:
    ring = Keyring(f"@{file}")
    file.write_text(f"{OLD_TEXT}\n{NEW_TEXT}\n")
    assert list(ring.keys) == [OLD]  # it was looked at a moment ago
    later(5)
    assert list(ring.keys) == [OLD, NEW]


def test_a_symbolic_link_that_is_turned_is_noticed(tmp_path: Path, later: Callable[[float], None]) -> None:
    """Kubernetes changes a mounted secret so: keys -> ..data/keys, ..data -> ..<date>."""
    for name, text in (("..1", OLD_TEXT), ("..2", NEW_TEXT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys").write_text(text)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "keys").symlink_to("..data/keys")
    ring = Keyring(f"@{tmp_path}/keys")
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    later(5)
    assert ring.keys == (NEW,)


@pytest.mark.parametrize("broken", [None, b"", b"k2:short", b"\xff"])
def test_a_file_that_became_unusable_leaves_the_keys_as_they_were_and_is_complained_of_once(
    file: Path, later: Callable[[float], None], caplog: pytest.LogCaptureFixture, broken: bytes | None
) -> None:
    ring = Keyring(f"@{file}")
    for _ in range(2):
        file.unlink() if broken is None else file.write_bytes(broken)
        for _ in range(3):
            later(5)
            assert ring.keys == (OLD,)
        file.write_text(OLD_TEXT)
        later(5)
        assert ring.keys == (OLD,)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert str(file) in caplog.text
    file.write_text(NEW_TEXT)
    later(5)
    assert ring.signing == NEW


def test_a_change_is_told_by_the_ids_and_never_by_the_secrets(
    file: Path, later: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ring = Keyring(f"@{file}")
    file.write_text(f"{NEW_TEXT},{OLD_TEXT}")
    for _ in range(3):
        later(5)
        assert ring.signing == NEW
    assert [record.getMessage() for record in caplog.records] == ["the service token keys are now k2, k1"]


def test_a_new_first_key_signs_at_once_also_where_a_token_would_be_handed_out_again(
    file: Path, later: Callable[[float], None]
) -> None:
    issuer = tokens.Issuer(Keyring(f"@{file}"))
    first = issuer.token(ADA, "feeds")
    file.write_text(f"{NEW_TEXT}\n{OLD_TEXT}")
    later(5)
    second = issuer.token(ADA, "feeds")
    assert [jwt.get_unverified_header(token)["kid"] for token in (first, second)] == [OLD.name, NEW.name]


def test_a_process_has_one_keyring_for_all(file: Path) -> None:
    config = {"service_token_keys": f"@{file}", "service_token_issuers": ["users"]}
    assert keyring.from_config(config) is keyring.from_config(dict(config))
