"""Users sign in at an identity provider, over HTTP; the users service has one configured for most tests."""

import secrets
from collections.abc import Iterator

import pyotp
import pytest
import requests

from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.replaced_service import replaced_service
from tests.e2e.support.responses import check_problem
from tests.integration.support.identity_providers import LIMIT, Provider, packaged_provider, sign_in_at

BEGIN, FINISH = "/identity-provider/begin/", "/identity-provider/finish/"
GRACE = f"grace_{secrets.token_hex(4)}"  # a name that is free on the platform


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with packaged_provider() as provider:
        provider.set_user(GRACE, email=f"{GRACE}@example.org", email_verified=True, preferred_username=GRACE)
        yield provider


@pytest.fixture(scope="module")
def _configured(platform: Instance, provider: Provider) -> Iterator[None]:
    """Configure the provider until the end of this module."""
    settings = {f"OIDC_{name.upper()}": value for name, value in provider.settings().items()}
    with replaced_service(platform, "users.service", **settings):
        yield


@pytest.fixture
def client(_configured: None, new_client: NewClient) -> Client:
    return new_client()


def begin_and_sign_in(client: Client, user: str, **request: object) -> dict[str, str]:
    """Begin, and follow the provider's pages; return the request that finishes."""
    response = client.post(BEGIN, request)
    assert response.status_code == 200, response.text
    begun = response.json()
    code, state = sign_in_at(begun["url"], user)
    assert state == begun["state"]
    return {"state": state, "code": code}


def finish(client: Client, request: dict[str, str], **more: object) -> requests.Response:
    response = client.post(FINISH, request | more)
    if response.ok:
        client.token, client.account = response.json()["token"], response.json()["user"]
    return response


# Before the others: they configure a provider.
def test_platform_without_a_provider_answers_not_found(url: str) -> None:
    for path, body in ((BEGIN, {}), (FINISH, {"state": "s", "code": "c"})):
        response = requests.post(f"{url}{path}", json=body, timeout=LIMIT)
        assert check_problem(response, 404)["code"] == "identity_provider_not_configured"


def test_user_of_the_provider_signs_in_posts_and_adds_a_second_identity(client: Client) -> None:
    response = finish(client, begin_and_sign_in(client, GRACE))
    assert response.status_code == 200, response.text
    assert client.account["username"] == GRACE
    assert client.account["email_verified_at"]
    assert client.create_post("hello from elsewhere")["author"]["username"] == GRACE
    listed = client.get("/account/identities/").json()
    assert [identity["subject"] for identity in listed["items"]] == [GRACE]
    assert listed["has_password"] is False
    path = f"/account/identities/{listed['items'][0]['id']}/"
    assert check_problem(client.delete(path), 409)["code"] == "password_required"
    assert finish(client, begin_and_sign_in(client, "another", link=True)).status_code == 200
    assert client.delete(path).status_code == 204
    kinds = [event["kind"] for event in client.get("/account/events/").json()["items"]]
    assert kinds[:3] == ["identity_removed", "identity_linked", "signed_in"]


def test_second_factor_is_asked_for_without_a_new_sign_in_at_the_provider(client: Client) -> None:
    client.register()
    client.login()
    assert finish(client, begin_and_sign_in(client, client.username, link=True)).status_code == 200
    secret = client.post("/second-factor/", {"password": "correct horse battery"}).json()["secret"]
    response = client.post("/second-factor/confirm/", {"code": pyotp.TOTP(secret).now()})
    recovery_code = response.json()["recovery_codes"][0]
    request = begin_and_sign_in(client, client.username)
    assert check_problem(finish(client, request), 401)["code"] == "second_factor_required"
    assert finish(client, request, otp=recovery_code).json()["user"]["username"] == client.username
    assert check_problem(finish(client, request, otp=recovery_code), 422)["code"] == "bad_state"


def test_address_that_nobody_verified_and_one_that_the_provider_did_not_verify(
    client: Client, provider: Provider
) -> None:
    client.register()
    provider.set_user("s1", email=client.email, email_verified=True)
    problem = check_problem(finish(client, begin_and_sign_in(client, "s1")), 409)
    assert problem["code"] == "email_not_verified"
    provider.set_user("s2", email=client.email)
    problem = check_problem(finish(client, begin_and_sign_in(client, "s2")), 403)
    assert problem["code"] == "identity_without_email"


def test_linking_without_a_session_is_unauthenticated(client: Client) -> None:
    check_problem(client.post(BEGIN, {"link": True}), 401)
