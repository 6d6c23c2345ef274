import pytest
from hypothesis import given
from hypothesis import strategies as st

from users.credentials import failed_logins
from users.credentials.failed_logins import Rule

RULE = Rule(free=20, first=1, longest=900, most=100)


def test_the_first_failures_are_free_and_then_each_doubles_the_wait_up_to_the_longest() -> None:
    assert [RULE.wait(failures) for failures in range(1, 20)] == [0] * 19
    assert [RULE.wait(failures) for failures in range(20, 32)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(st.integers(min_value=0, max_value=10**9))
def test_no_number_of_failures_makes_one_wait_longer_than_the_longest_nor_less_than_before(failures: int) -> None:
    assert RULE.wait(failures) <= RULE.wait(failures + 1) <= 900


def test_the_rules_are_read_from_the_configuration() -> None:
    login = {"account": {"free": 2, "most": 3}, "address": {"free": 4}, "wait": {"first": 5, "longest": 6}}
    rules = failed_logins.rules(login)
    assert rules.account == Rule(free=2, first=5, longest=6, most=3)
    assert rules.address == Rule(free=4, first=5, longest=6, most=None)


@pytest.mark.parametrize("user_id", ["01932f3e-0000-7000-8000-000000000001", None])
def test_an_account_has_one_subject_by_either_name_and_nobodys_names_have_one_each(user_id: str | None) -> None:
    by_name, by_email = failed_logins.at_login(user_id, "ada"), failed_logins.at_login(user_id, "ada@example.org")
    assert (by_name == by_email) == (user_id is not None)
    assert "ada" not in by_name + by_email


def test_strangers_at_the_login_do_not_use_up_what_the_owner_has_within_a_session() -> None:
    user_id = "01932f3e-0000-7000-8000-000000000001"
    assert failed_logins.at_account(user_id) == [
        failed_logins.at_login(user_id, ""),
        failed_logins.within_session(user_id),
    ]
    assert len(set(failed_logins.at_account(user_id))) == 2
