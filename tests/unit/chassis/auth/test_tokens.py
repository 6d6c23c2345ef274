import base64
import time

import jwt
import pytest

from chassis.auth import tokens
from chassis.auth.caller import Caller
from chassis.auth.keyring import Key, Keyring
from chassis.errors import Forbidden, Unauthenticated
from tests.unit.chassis.auth.forged_tokens import FORGED, FROM_THE_FUTURE, VALID, Forge, valid_claims

SKEW = 30  # seconds
OLD = Key("k1", "o" * 64)
NEW = Key("k2", "n" * 64)
ISSUERS = ("gateway", "users", "feeds", "orders")
ADA = Caller("gateway", user="id-of-ada", username="ada", session="s", staff=True)


def ring(*keys: Key) -> Keyring:
    return Keyring(",".join(f"{key.name}:{key.secret}" for key in keys), ISSUERS, SKEW)


def rejected(token: object, audience: str = "feeds", subject: str | None = None) -> bool:
    with pytest.raises(Unauthenticated) as error:
        tokens.verify(token, audience, ring(OLD), subject=subject)
    return error.value.code == "bad_service_token"


@pytest.mark.parametrize("forge", [*FORGED.values(), *FROM_THE_FUTURE.values()], ids=[*FORGED, *FROM_THE_FUTURE])
def test_forged_token_is_rejected(forge: Forge) -> None:
    claims = valid_claims("feeds", exp=int(time.time()) + 60)
    assert tokens.verify(VALID(OLD, claims), "feeds", ring(OLD)) == Caller("orders")
    assert rejected(forge(OLD, claims))


@pytest.mark.parametrize(("claim", "seconds"), [("iat", SKEW), ("nbf", SKEW), ("exp", 2 - SKEW)])
def test_token_is_accepted_if_clocks_differ_by_the_tolerated_skew(claim: str, seconds: int) -> None:
    claims = valid_claims("feeds", exp=int(time.time()) + 60) | {claim: int(time.time()) + seconds}
    assert tokens.verify(VALID(OLD, claims), "feeds", ring(OLD)) == Caller("orders")


@pytest.mark.parametrize("forge", [*FROM_THE_FUTURE.values(), FORGED["expired"]], ids=[*FROM_THE_FUTURE, "expired"])
def test_error_says_whether_the_token_is_from_the_future(forge: Forge) -> None:
    with pytest.raises(Unauthenticated) as error:
        tokens.verify(forge(OLD, valid_claims("feeds", exp=int(time.time()) + 60)), "feeds", ring(OLD))
    assert tokens.is_from_the_future(error.value) == (forge is not FORGED["expired"])


@pytest.mark.parametrize("issuer", ["", "Gateway", "gateway ", "operator"])
def test_token_of_an_unknown_issuer_is_rejected(issuer: str) -> None:
    assert rejected(tokens.issue(Caller(issuer), "feeds", OLD))


def test_verified_token_returns_its_caller() -> None:
    assert tokens.verify(tokens.issue(ADA, "feeds", OLD), "feeds", ring(OLD)) == ADA
    assert tokens.verify(tokens.issue(Caller("users"), "feeds", OLD), "feeds", ring(OLD)) == Caller("users")


@pytest.mark.parametrize(
    "garbage",
    [None, 7, b"bytes", "", "a.b.c", "\ud800", "....", f"{base64.b64encode(b'[' * 3000).decode().rstrip('=')}.e30.x"],
)
def test_malformed_token_is_rejected_with_the_same_error(garbage: object) -> None:
    assert rejected(garbage)


def test_first_key_signs_and_all_keys_verify() -> None:
    token = tokens.issue(ADA, "feeds", ring(NEW, OLD).signing)
    assert jwt.get_unverified_header(token)["kid"] == NEW.name
    assert tokens.verify(token, "feeds", ring(NEW, OLD)) == ADA
    assert tokens.verify(tokens.issue(ADA, "feeds", OLD), "feeds", ring(NEW, OLD)) == ADA
    assert rejected(token)


def test_token_of_an_event_is_valid_for_that_event_only() -> None:
    token = tokens.issue(Caller("feeds"), "events", OLD, subject="event-1")
    assert tokens.verify(token, "events", ring(OLD), subject="event-1") == Caller("feeds")
    assert rejected(token, "events", "event-2")
    assert rejected(tokens.issue(Caller("feeds"), "events", OLD), "events", "event-1")
    assert "exp" not in jwt.decode(token, options={"verify_signature": False})


def test_token_of_an_event_is_rejected_in_a_call() -> None:
    assert rejected(tokens.issue(Caller("feeds"), "feeds", OLD, subject="event-1"))


def test_issuer_caches_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    issuer = tokens.Issuer(ring(OLD))
    first = issuer.token(ADA, "feeds")
    assert issuer.token(ADA, "feeds") is first
    assert issuer.token(ADA, "users") != first
    now += tokens.REISSUE
    assert issuer.token(ADA, "feeds") is not first


def test_access_checks_distinguish_users_staff_services_and_operators() -> None:
    assert ADA.require_user() == "id-of-ada"
    ADA.require_staff()
    Caller("users").require_staff()
    ADA.require_service("gateway")
    Caller("operator").require_service("gateway")
    assert ADA.forwarded_by("feeds") == Caller("feeds", user="id-of-ada", username="ada", session="s", staff=True)
    with pytest.raises(Unauthenticated):
        Caller("users").require_user()
    with pytest.raises(Forbidden):
        Caller("gateway", user="ben").require_staff()
    with pytest.raises(Forbidden):
        ADA.require_service("users")
