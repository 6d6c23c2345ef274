import base64
import json
import time
from typing import Any

import jwt
import pytest

from chassis.auth import tokens
from chassis.auth.caller import Caller
from chassis.auth.keyring import Key, Keyring
from chassis.errors import Forbidden, Unauthenticated

OLD = Key("k1", "o" * 64)
NEW = Key("k2", "n" * 64)
ISSUERS = ("gateway", "users", "feeds")
ADA = Caller("gateway", user="id-of-ada", username="ada", session="s", staff=True)
CLAIMS: dict[str, Any] = {"iss": "gateway", "aud": "feeds", "staff": False}


SKEW = 30  # seconds


def ring(*keys: Key) -> Keyring:
    return Keyring(",".join(f"{key.name}:{key.secret}" for key in keys), ISSUERS, SKEW)


def sign(key: Key = OLD, algorithm: str = "HS256", headers: dict[str, str] | None = None, **claims: Any) -> str:
    now = int(time.time())
    return jwt.encode(
        CLAIMS | {"iat": now, "exp": now + 60} | claims, key.secret, algorithm, headers=headers or {"kid": key.name}
    )


def unsigned(header: dict[str, Any]) -> str:
    now = int(time.time())
    parts = (header, CLAIMS | {"iat": now, "exp": now + 60})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def rejected(token: object, audience: str = "feeds", subject: str | None = None) -> bool:
    with pytest.raises(Unauthenticated) as error:
        tokens.verify(token, audience, ring(OLD), subject=subject)
    return error.value.code == "bad_service_token"


def test_token_contains_the_caller() -> None:
    assert tokens.verify(tokens.issue(ADA, "feeds", OLD), "feeds", ring(OLD)) == ADA
    assert tokens.verify(tokens.issue(Caller("users"), "feeds", OLD), "feeds", ring(OLD)) == Caller("users")


def test_token_for_another_service_is_rejected() -> None:
    assert rejected(tokens.issue(ADA, "users", OLD))


@pytest.mark.parametrize("issuer", ["unknown", "", "Gateway", "gateway ", "operator"])
def test_token_of_an_unknown_issuer_is_rejected(issuer: str) -> None:
    assert rejected(sign(iss=issuer))


def test_expired_token_is_rejected() -> None:
    assert rejected(sign(exp=int(time.time()) - SKEW - 1))


@pytest.mark.parametrize(("claim", "seconds"), [("iat", SKEW), ("nbf", SKEW), ("exp", 2 - SKEW)])
def test_token_is_accepted_if_clocks_differ_by_the_tolerated_skew(claim: str, seconds: int) -> None:
    claims: Any = {claim: int(time.time()) + seconds}
    assert tokens.verify(sign(**claims), "feeds", ring(OLD)).service == "gateway"


@pytest.mark.parametrize(("claim", "seconds", "expected"), [("iat", 60, True), ("nbf", 60, True), ("exp", -60, False)])
def test_only_the_error_of_a_token_from_the_future_says_so(claim: str, seconds: int, *, expected: bool) -> None:
    claims: Any = {claim: int(time.time()) + seconds}
    with pytest.raises(Unauthenticated) as error:
        tokens.verify(sign(**claims), "feeds", ring(OLD))
    assert tokens.is_from_the_future(error.value) == expected


def test_token_that_is_not_valid_yet_is_rejected() -> None:
    assert rejected(sign(iat=int(time.time()) + 60))
    assert rejected(sign(nbf=int(time.time()) + 60))


@pytest.mark.parametrize("missing", ["iss", "aud", "iat", "staff", "exp"])
def test_token_without_a_required_claim_is_rejected(missing: str) -> None:
    claims = jwt.decode(sign(), options={"verify_signature": False})
    del claims[missing]
    assert rejected(jwt.encode(claims, OLD.secret, "HS256", headers={"kid": OLD.name}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
def test_unsigned_token_is_rejected(algorithm: str) -> None:
    assert rejected(unsigned({"alg": algorithm, "kid": OLD.name}))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_are_rejected_even_with_the_right_secret(algorithm: str) -> None:
    assert rejected(sign(algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS256"])
def test_algorithm_in_the_header_does_not_choose_the_verification(algorithm: str) -> None:
    assert rejected(unsigned({"alg": algorithm, "kid": OLD.name}) + "c2lnbmF0dXJl")


@pytest.mark.parametrize("kid", ["k9", "", "../k1"])
def test_unknown_key_is_rejected(kid: str) -> None:
    assert rejected(sign(headers={"kid": kid}))


def test_known_key_with_another_secret_is_rejected() -> None:
    assert rejected(sign(Key(OLD.name, "x" * 32)))


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
    assert rejected(sign(aud="events"), "events", "event-1")


def test_token_of_an_event_does_not_expire() -> None:
    token = tokens.issue(Caller("feeds"), "events", OLD, subject="event-1")
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
