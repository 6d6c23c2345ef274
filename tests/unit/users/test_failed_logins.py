from hypothesis import given
from hypothesis import strategies as st

from users.credentials import failed_logins
from users.credentials.failed_logins import DAY, FailureBudget, FailureLimit

LIMIT = FailureLimit(free=20, first=1, longest=900, most=100)


def test_wait_is_zero_for_the_free_failures_then_doubles_up_to_the_longest() -> None:
    assert [LIMIT.wait(failures) for failures in range(1, 20)] == [0] * 19
    assert [LIMIT.wait(failures) for failures in range(20, 32)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(st.integers(min_value=0, max_value=10**9))
def test_wait_never_decreases_and_never_exceeds_the_longest(failures: int) -> None:
    assert LIMIT.wait(failures) <= LIMIT.wait(failures + 1) <= 900


def test_limits_are_read_from_the_configuration() -> None:
    login = {
        "account": {"free": 2, "most": 60},
        "unknown": {"free": 1, "longest": 7},
        "address": {"free": 4},
        "wait": {"first": 5, "longest": 6},
    }
    limits = failed_logins.limits_from_config(login)
    assert limits.known == FailureLimit(free=2, first=5, longest=6, most=None)
    assert limits.unknown == FailureLimit(free=1, first=5, longest=7, most=None)
    assert limits.account == FailureBudget(most=30)
    assert limits.address == FailureLimit(free=4, first=5, longest=6, most=None)
    assert limits.session == FailureLimit(free=2, first=5, longest=6, most=60)


def test_configuration_of_0_1_0_is_valid() -> None:
    login = {
        "account": {"free": 20, "most": 100},
        "address": {"free": 1000},
        "wait": {"first": 1, "longest": 900},
    }
    assert failed_logins.limits_from_config(login).unknown == FailureLimit(free=10, first=1, longest=7200, most=None)


def test_wrong_passwords_and_codes_together_are_fewer_than_most() -> None:
    limits = failed_logins.limits_from_config(
        {"account": {"free": 20, "most": 100}, "address": {"free": 1000}, "wait": {"first": 1, "longest": 900}}
    )
    budgets = (limits.account, failed_logins.CODES)
    assert sum(budget.at_once + DAY // budget.interval for budget in budgets) < 100


@given(st.integers(min_value=3, max_value=10_000))
def test_budget_allows_fewer_failures_than_most_in_any_day(most: int) -> None:
    budget = FailureBudget(most)
    assert budget.at_once + DAY // budget.interval < most


def test_one_unknown_address_cannot_use_up_the_budget_of_an_account() -> None:
    limits = failed_logins.limits_from_config(
        {"account": {"free": 20, "most": 100}, "address": {"free": 1000}, "wait": {"first": 1, "longest": 900}}
    )
    seconds, failures = 0, 0
    while seconds < DAY.total_seconds():
        failures += 1
        seconds += limits.unknown.wait(failures)
    assert failures < limits.account.at_once
