import pytest

from users.addresses import tokens

CHANGE = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
OTHER = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b22"


def test_token_is_valid_with_the_key_that_made_it_also_during_a_rotation() -> None:
    token = tokens.compute("old", CHANGE)
    assert tokens.change_of(["old"], token) == CHANGE
    assert tokens.change_of(["new", "old"], token) == CHANGE
    assert tokens.change_of(["new"], token) is None


@pytest.mark.parametrize("forged", ["", ".", CHANGE, f"{CHANGE}.", f"{OTHER}.{{}}", "é.é", f"{CHANGE}.{{}}0"])
def test_forged_token_is_not_valid(forged: str) -> None:
    assert tokens.change_of(["key"], forged.format(tokens.compute("key", CHANGE).partition(".")[2])) is None
