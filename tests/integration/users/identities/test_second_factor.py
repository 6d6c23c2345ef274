"""An account with a second factor needs its code at a sign-in by the provider too."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import Engine, text

from chassis import clock
from chassis.errors import Invalid, TooManyRequests, Unauthenticated
from tests.integration.support.identity_providers import Provider
from tests.integration.support.rpc import Rpc
from tests.integration.users.identities.conftest import SignIns
from tests.integration.users.logged_in import PASSWORD, NewUser
from users.second_factor import codes


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, users: Rpc, new_user: NewUser, provider: Provider, database: Engine) -> str:
    """Give ada a second factor and an address that was verified; the clock stops in the middle of a time step."""
    now = clock.now()
    middle = now - timedelta(seconds=now.timestamp() % codes.STEP) + timedelta(seconds=codes.STEP / 2)
    monkeypatch.setattr(clock, "now", lambda: middle)
    ada = new_user("ada")
    with database.begin() as connection:
        connection.execute(text("UPDATE users SET email_verified_at = now()"))
    provider.set_user("s1", email="ada@example.org", email_verified=True)
    secret: str = users("users.begin_second_factor", ada.caller, password=PASSWORD)["secret"]
    users("users.confirm_second_factor", ada.caller, code=pyotp.TOTP(secret).at(middle))
    return secret


def next_code(secret: str) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=codes.STEP))


def error_of(sign_in: SignIns, finish: dict[str, str], **more: Any) -> str:
    with pytest.raises(Unauthenticated) as caught:
        sign_in.finish(finish, **more)
    return caught.value.code


def test_missing_code_uses_up_neither_the_state_nor_the_providers_code(
    sign_in: SignIns, provider: Provider, secret: str
) -> None:
    finish = sign_in.begin("s1")
    assert error_of(sign_in, finish) == "second_factor_required"
    assert error_of(sign_in, finish) == "second_factor_required"
    assert error_of(sign_in, finish, otp="000000") == "bad_code"
    assert sign_in.finish(finish, otp=next_code(secret))["user"]["second_factor"] is True
    assert provider.calls().count("/token") == 1
    with pytest.raises(Invalid, match="state"):
        sign_in.finish(finish, otp=next_code(secret))


def test_repetition_needs_the_code_of_the_provider_too(sign_in: SignIns, secret: str) -> None:
    finish = sign_in.begin("s1")
    assert error_of(sign_in, finish) == "second_factor_required"
    with pytest.raises(Invalid, match="state"):
        sign_in.finish(finish | {"code": "another"}, otp=next_code(secret))


def test_identity_is_linked_only_with_the_second_factor(sign_in: SignIns, secret: str, database: Engine) -> None:
    finish = sign_in.begin("s1")
    assert error_of(sign_in, finish, otp="000000") == "bad_code"
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM identities")) == 0
    sign_in.finish(finish, otp=next_code(secret))
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM identities")) == 1


def test_wrong_codes_count_as_wrong_passwords(sign_in: SignIns, users: Rpc, secret: str) -> None:
    finish = sign_in.begin("s1")
    for _ in range(10):
        assert error_of(sign_in, finish, otp="000000", address="192.0.2.1") == "bad_code"
    with pytest.raises(TooManyRequests):
        sign_in.finish(finish, otp=next_code(secret), address="192.0.2.1")
    with pytest.raises(TooManyRequests):
        users("users.login", username="ada", password=PASSWORD, otp=next_code(secret), address="192.0.2.1")


def test_sign_ins_without_a_code_are_not_counted(sign_in: SignIns, secret: str) -> None:
    finish = sign_in.begin("s1")
    for _ in range(15):
        assert error_of(sign_in, finish, address="192.0.2.1") == "second_factor_required"
    sign_in.finish(finish, otp=next_code(secret), address="192.0.2.1")
