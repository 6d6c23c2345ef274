import pytest
from hypothesis import given
from hypothesis import strategies as st

from users.credentials import failed_logins
from users.credentials.failed_logins import FailureLimit

LIMIT = FailureLimit(free=20, first=1, longest=900, most=100)
USER_ID = "01932f3e-0000-7000-8000-000000000001"


def test_wait_is_zero_for_the_free_failures_then_doubles_up_to_the_longest() -> None:
    assert [LIMIT.wait(failures) for failures in range(1, 20)] == [0] * 19
    assert [LIMIT.wait(failures) for failures in range(20, 32)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(st.integers(min_value=0, max_value=10**9))
def test_wait_never_decreases_and_never_exceeds_the_longest(failures: int) -> None:
    assert LIMIT.wait(failures) <= LIMIT.wait(failures + 1) <= 900


@pytest.mark.parametrize("user_id", [USER_ID, None])
def test_names_of_an_account_share_a_subject_and_unknown_names_do_not(user_id: str | None) -> None:
    by_name = failed_logins.login_subject(user_id, "ada")
    by_email = failed_logins.login_subject(user_id, "ada@example.org")
    assert (by_name == by_email) == (user_id is not None)
    assert "ada" not in by_name + by_email


def test_logins_and_sessions_of_an_account_are_counted_separately() -> None:
    subjects = [failed_logins.login_subject(USER_ID, ""), failed_logins.session_subject(USER_ID)]
    assert failed_logins.account_subjects(USER_ID) == subjects
    assert len(set(subjects)) == 2
