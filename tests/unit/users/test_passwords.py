import pytest
from argon2 import PasswordHasher

from chassis.errors import Invalid
from users.credentials import passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def validate(password: str) -> str:
    return passwords.validate(password, "Lovelace", "countess@example.org")


@pytest.mark.parametrize(
    "password", ["73519204", "aaaaaaab", "no digits no capitals", "🪑" * 8, "x" * 128, "  spaces  count  ", "lovelace1"]
)
def test_characters_of_any_kind_are_valid(password: str) -> None:
    assert validate(password) == password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password_length"),
        ("x" * 129, "password_length"),
        ("ﷺ" * 7 + "x" * 4, "password_length"),  # NFKC replaces one character by eighteen
        ("LOVELACE", "password_is_name"),
        ("Countess", "password_is_name"),
        ("COUNTESS@example.ORG", "password_is_name"),
        ("password1", "password_common"),
        ("PassWord1", "password_common"),
        ("qwertyuiop", "password_common"),
        ("ｐａｓｓｗｏｒｄ", "password_common"),  # noqa: RUF001 - wide letters are intended
    ],
)
def test_invalid_password_is_rejected_with_a_code(password: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        validate(password)
    assert error.value.code == code
    assert error.value.errors[0]["field"] == "password"
    assert password not in str(error.value)


def test_password_matches_its_hash_whether_composed_or_decomposed() -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    assert validate(composed) == validate(decomposed)
    password_hash = CHEAP.hash(validate(composed))
    assert passwords.matches(CHEAP, password_hash, decomposed)
    for other in ("", "no hash", CHEAP.hash("another one")):
        assert not passwords.matches(CHEAP, other, decomposed)
