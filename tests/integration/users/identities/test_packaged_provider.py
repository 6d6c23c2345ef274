"""A sign-in at a provider that others wrote, oidc-provider-mock, whose protocol is that of authlib's server."""

import pytest

from chassis.errors import Forbidden, Invalid
from tests.integration.support.identity_providers import Provider
from tests.integration.support.rpc import Rpc
from tests.integration.users.identities.conftest import SignIns


@pytest.fixture
def provider(packaged: Provider) -> Provider:
    return packaged


def test_user_signs_in_twice_with_one_account(sign_in: SignIns, users: Rpc, provider: Provider) -> None:
    provider.set_user("grace", email="grace@example.org", email_verified=True, preferred_username="grace.hopper")
    first, second = sign_in("grace"), sign_in("grace")
    assert first["user"]["username"] == "grace.hopper"
    assert first["user"]["id"] == second["user"]["id"]
    (identity,) = users("users.identities", sign_in.as_user(second))["items"]
    assert (identity["issuer"], identity["subject"]) == (provider.issuer, "grace")


def test_address_without_a_verification_is_refused(sign_in: SignIns, provider: Provider) -> None:
    provider.set_user("heidi", email="heidi@example.org")
    with pytest.raises(Forbidden) as caught:
        sign_in("heidi")
    assert caught.value.code == "identity_without_email"


def test_code_is_exchanged_once(sign_in: SignIns, provider: Provider) -> None:
    provider.set_user("ivan", email="ivan@example.org", email_verified=True)
    first, second = sign_in.begin("ivan"), sign_in.begin("ivan")
    sign_in.finish(first)
    with pytest.raises(Invalid) as caught:
        sign_in.finish(second | {"code": first["code"]})
    assert caught.value.code == "identity_code_rejected"
