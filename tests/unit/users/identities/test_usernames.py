"""User names are made of what the provider knows."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from users.identities import usernames

VALID = re.compile(r"[A-Za-z0-9_.]{3,30}")  # of users.contract.Username


@pytest.mark.parametrize(
    ("preferred", "email", "name"),
    [
        ("grace.hopper", "gh@example.org", "grace.hopper"),
        ("grace@example.com", "gh@example.org", "grace"),
        (None, "grace.hopper@example.org", "grace.hopper"),
        ("", "grace+news@example.org", "grace_news"),
        ("Zoë Müller", "z@example.org", "Zoe_Muller"),
        ("李小龙", "bruce@example.org", "bruce"),
        ("._.", "bruce@example.org", "bruce"),
        ("al", "x@example.org", "user_al"),
        (None, "!@example.org", "user"),
        ("x" * 40, "x@example.org", "x" * 30),
    ],
)
def test_name_is_that_of_the_provider_in_our_alphabet(preferred: str | None, email: str, name: str) -> None:
    assert usernames.base(preferred, email) == name


@given(st.one_of(st.none(), st.text()), st.text())
def test_every_name_is_valid_and_so_are_those_instead_of_a_taken_one(preferred: str | None, email: str) -> None:
    name = usernames.base(preferred, email)
    for _ in range(3):
        assert VALID.fullmatch(name)
        name = usernames.another(name)


def test_name_instead_of_a_taken_one_begins_like_it_and_varies() -> None:
    names = {usernames.another("grace") for _ in range(20)}
    assert all(re.fullmatch(r"grace_\d{4}", name) for name in names)
    assert len(names) > 1
    assert len(usernames.another("x" * 30)) == usernames.LONGEST
