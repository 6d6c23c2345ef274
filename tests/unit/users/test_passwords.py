import pytest
from argon2 import PasswordHasher

from chassis.errors import Invalid
from users.credentials import passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def accepted(password: str) -> str:
    return passwords.accepted(password, "Lovelace", "countess@example.org")


@pytest.mark.parametrize(
    "password", ["73519204", "aaaaaaab", "no digits no capitals", "🪑" * 8, "x" * 128, "  spaces  count  ", "lovelace1"]
)
def test_any_composition_is_accepted(password: str) -> None:
    assert accepted(password) == password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password_length"),
        ("x" * 129, "password_length"),
        ("ﷺ" * 7 + "x" * 4, "password_length"),  # one character that NFKC writes with eighteen
        ("LOVELACE", "password_is_name"),
        ("Countess", "password_is_name"),
        ("COUNTESS@example.ORG", "password_is_name"),
        ("password1", "password_common"),
        ("PassWord1", "password_common"),
        ("qwertyuiop", "password_common"),
        ("ｐａｓｓｗｏｒｄ", "password_common"),  # noqa: RUF001 - wide letters are meant
    ],
)
def test_a_refusal_tells_the_reason(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        accepted(password)
    assert refused.value.code == code
    assert refused.value.errors[0]["field"] == "password"
    assert password not in str(refused.value)


def test_one_password_typed_on_two_keyboards_is_one_password() -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    assert accepted(composed) == accepted(decomposed)
    assert passwords.matches(CHEAP, CHEAP.hash(accepted(composed)), decomposed)


@pytest.mark.parametrize("password_hash", ["", "no hash", CHEAP.hash("another one")])
def test_what_does_not_match_is_just_wrong(password_hash: str) -> None:
    assert not passwords.matches(CHEAP, password_hash, "a bench of stone")
