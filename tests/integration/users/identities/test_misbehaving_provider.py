"""Whatever the provider answers, nobody is signed in by an invalid token, and other calls are not delayed."""

import time
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, text

from chassis.errors import Invalid, ServiceError, Unavailable
from tests.integration.conftest import Settings, Until
from tests.integration.support.identity_providers import Provider
from tests.integration.support.rpc import Rpc
from tests.integration.users.identities.conftest import PATIENCE, SignIns
from users.identities import discovery, http, relying_party

DAY = 86400


@pytest.fixture(autouse=True)
def _user(provider: Provider) -> None:
    provider.set_user("s1", email="grace@example.org", email_verified=True)


def accounts(database: Engine) -> int:
    with database.connect() as connection:
        count: int = connection.scalar(text("SELECT count(*) FROM users"))
        return count


def code_of(sign_in: SignIns, request: dict[str, str]) -> str:
    with pytest.raises(ServiceError) as caught:
        sign_in.finish(request)
    return caught.value.code


INVALID_TOKENS: dict[str, dict[str, Any]] = {
    "algorithm none": {"signature": "none"},
    "signed with the client's secret": {"signature": "hmac"},
    "signed with another key": {"signature": "other_key"},
    "algorithm that the key is not for": {"signature": "other_algorithm"},
    "changed after it was signed": {"signature": "broken"},
    "another issuer": {"claims": {"iss": "https://evil.example.org"}},
    "issuer with a slash": {"claims": {"iss": "ISSUER/"}},
    "another audience": {"claims": {"aud": "another client"}},
    "several audiences without azp": {"claims": {"aud": ["baraza", "another client"]}},
    "another authorized party": {"claims": {"aud": ["baraza", "another client"], "azp": "another client"}},
    "no audience": {"claims": {"aud": None}},
    "expired": {"claims": {"exp": -DAY}},
    "no expiry": {"claims": {"exp": None}},
    "issued tomorrow": {"claims": {"iat": DAY}},
    "no issue time": {"claims": {"iat": None}},
    "not valid before tomorrow": {"claims": {"nbf": DAY}},
    "no subject": {"claims": {"sub": None}},
    "subject that is a number": {"claims": {"sub": 1}},
    "empty subject": {"claims": {"sub": ""}},
    "subject with a lone surrogate": {"claims": {"sub": "\ud800"}},
    "long subject": {"claims": {"sub": "s" * 256}},
    "hash of another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
}


@pytest.mark.parametrize("behaviour", INVALID_TOKENS.values(), ids=INVALID_TOKENS)
def test_invalid_id_token_signs_nobody_in(
    sign_in: SignIns, provider: Provider, database: Engine, behaviour: dict[str, Any]
) -> None:
    request = sign_in.begin("s1")
    provider.misbehave(**behaviour)
    assert code_of(sign_in, request) == "identity_provider_unavailable"
    assert accounts(database) == 0


@pytest.mark.parametrize("nonce", ["another", None, 1])
def test_token_of_another_sign_in_is_a_rejected_code(
    sign_in: SignIns, provider: Provider, database: Engine, nonce: object
) -> None:
    request = sign_in.begin("s1")
    provider.misbehave(claims={"nonce": nonce})
    assert code_of(sign_in, request) == "identity_code_rejected"
    assert accounts(database) == 0


@pytest.mark.parametrize(
    "claims",
    [{"exp": -20}, {"iat": 20}, {"at_hash": None}, {"aud": ["baraza"]}, {"aud": ["baraza", "x"], "azp": "baraza"}],
)
def test_valid_variants_of_tokens_are_accepted(sign_in: SignIns, provider: Provider, claims: dict[str, Any]) -> None:
    provider.misbehave(claims=claims)
    assert sign_in("s1")["token"]


def test_new_key_of_the_provider_is_read_once_it_is_used(
    sign_in: SignIns, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in("s1")
    monkeypatch.setattr(discovery, "SOONEST_REFRESH", 0)
    provider.misbehave(rotate=True)
    sign_in("s1")
    sign_in("s1")
    assert provider.calls().count("/jwks") == 1


def test_unknown_key_id_does_not_make_the_keys_be_read_again_and_again(sign_in: SignIns, provider: Provider) -> None:
    sign_in("s1")
    provider.misbehave(claims={}, signature="none")
    for _ in range(3):
        assert code_of(sign_in, sign_in.begin("s1")) == "identity_provider_unavailable"
    assert provider.calls().count("/jwks") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example.org"},
        {"token_endpoint": None},
        {"token_endpoint": "http://evil.example.org/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://id.example.org/\ud800"},
    ],
)
def test_discovery_document_of_another_issuer_or_with_unsafe_endpoints_is_rejected(
    users: Rpc, provider: Provider, changed: dict[str, Any]
) -> None:
    provider.misbehave(discovery=changed)
    with pytest.raises(Unavailable):
        users("users.begin_provider_sign_in")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
@pytest.mark.parametrize("how", ["error", "redirect", "huge", "garbage", "list", "infinite"])
def test_wrong_answer_is_unavailable_and_the_state_stays_valid(
    sign_in: SignIns, users: Rpc, provider: Provider, path: str, how: str
) -> None:
    if path.startswith("/."):
        provider.misbehave(path=path, how=how)
        with pytest.raises(Unavailable):
            users("users.begin_provider_sign_in")
        assert "/stolen" not in provider.calls()
        return
    request = sign_in.begin("s1")
    provider.misbehave(path=path, how=how)
    assert code_of(sign_in, request) == "identity_provider_unavailable"
    assert "/stolen" not in provider.calls()
    provider.misbehave()
    if path == "/token":  # which did not exchange the code
        assert sign_in.finish(request)["token"]


def test_answer_of_50_mb_is_not_read_to_its_end(sign_in: SignIns, provider: Provider) -> None:
    request = sign_in.begin("s1")
    provider.misbehave(path="/token", how="huge")
    assert code_of(sign_in, request) == "identity_provider_unavailable"
    assert provider.calls() == ["/token"]


@pytest.mark.parametrize(("how", "limit"), [("hang", (http, "READ")), ("drip", (relying_party, "LIMIT"))])
def test_provider_that_hangs_is_given_up_in_time(
    sign_in: SignIns, provider: Provider, monkeypatch: pytest.MonkeyPatch, how: str, limit: tuple[Any, str]
) -> None:
    request = sign_in.begin("s1")
    provider.misbehave(path="/token", how=how)
    monkeypatch.setattr(*limit, 1)
    started = time.monotonic()
    assert code_of(sign_in, request) == "identity_provider_unavailable"
    assert time.monotonic() - started < PATIENCE


def test_provider_that_hangs_does_not_delay_other_calls(
    sign_in: SignIns, users: Rpc, provider: Provider, until: Until
) -> None:
    waiting = 3 * relying_party.CONCURRENT
    begun = [sign_in.begin("s1") for _ in range(waiting)]
    provider.misbehave(path="/token", how="hang")
    finishing = [eventlet.spawn(code_of, sign_in, request) for request in begun]
    until(lambda: sum(not call.dead for call in finishing) == relying_party.CONCURRENT)  # the others are refused
    until(lambda: provider.calls().count("/token") == relying_party.CONCURRENT)
    users("users.register", username="ada", email="ada@example.org", password="a bench of stone")
    assert sum(not call.dead for call in finishing) == relying_party.CONCURRENT
    provider.misbehave()  # which ends the hanging connections
    assert {call.wait() for call in finishing} == {"identity_provider_unavailable"}
    assert "/token" not in provider.calls()


def test_provider_that_is_down_is_unavailable(settings: Settings, request: pytest.FixtureRequest) -> None:
    settings["users"]["identity_provider"]["issuer"] = "http://127.0.0.1:9"
    users: Rpc = request.getfixturevalue("users")
    with pytest.raises(Unavailable) as caught:
        users("users.begin_provider_sign_in")
    assert caught.value.code == "identity_provider_unavailable"


def test_wrong_secret_of_the_client_is_unavailable(settings: Settings, request: pytest.FixtureRequest) -> None:
    settings["users"]["identity_provider"]["client_secret"] = "wrong"
    sign_in: SignIns = request.getfixturevalue("sign_in")
    assert code_of(sign_in, sign_in.begin("s1")) == "identity_provider_unavailable"


def test_claims_that_are_not_in_the_token_come_from_userinfo(sign_in: SignIns, provider: Provider) -> None:
    provider.misbehave(in_userinfo=True)
    assert sign_in("s1")["user"]["email"] == "grace@example.org"
    provider.misbehave(in_userinfo=True, userinfo_of="another")
    assert code_of(sign_in, sign_in.begin("s1")) == "identity_provider_unavailable"


@pytest.mark.parametrize(
    "token", [{"token_type": "mac"}, {"token_type": []}, {"access_token": ["a"]}, {"expires_in": -1}]
)
def test_access_token_that_cannot_be_used_is_unavailable(
    sign_in: SignIns, provider: Provider, token: dict[str, Any]
) -> None:
    provider.misbehave(in_userinfo=True, token=token)
    assert code_of(sign_in, sign_in.begin("s1")) == "identity_provider_unavailable"


def test_logs_contain_no_state_code_token_or_claim(
    sign_in: SignIns, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    request = sign_in.begin("s1")
    sign_in.finish(request)
    failing = sign_in.begin("s1")
    provider.misbehave(claims={"aud": "another client"})
    code_of(sign_in, failing)
    lines = [record.getMessage() for record in caplog.records if record.name != "nameko.rpc"]  # the test's own client
    mine = [line for line in lines if "/authorize" not in line]  # the test's own browser
    assert any("the ID token is not valid" in line for line in mine)
    for secret in (*request.values(), *failing.values(), "grace@example.org", "a secret of the client"):
        assert not [line for line in mine if secret in line]


def test_state_of_a_code_that_was_rejected_is_used_up(sign_in: SignIns) -> None:
    request = sign_in.begin("s1")
    with pytest.raises(Invalid, match="code"):
        sign_in.finish(request | {"code": "invented"})
    with pytest.raises(Invalid, match="state"):
        sign_in.finish(request)
