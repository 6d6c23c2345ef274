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


def ring(*keys: Key) -> Keyring:
    return Keyring(",".join(f"{key.name}:{key.secret}" for key in keys), ISSUERS)


def signed(key: Key = OLD, algorithm: str = "HS256", headers: dict[str, str] | None = None, **claims: Any) -> str:
    now = int(time.time())
    return jwt.encode(
        CLAIMS | {"iat": now, "exp": now + 60} | claims, key.secret, algorithm, headers=headers or {"kid": key.name}
    )


def unsigned(header: dict[str, Any]) -> str:
    now = int(time.time())
    parts = (header, CLAIMS | {"iat": now, "exp": now + 60})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def refused(token: object, audience: str = "feeds", subject: str | None = None) -> bool:
    with pytest.raises(Unauthenticated) as error:
        tokens.verify(token, audience, ring(OLD), subject=subject)
    return error.value.code == "bad_service_token"


def test_a_token_brings_the_caller_over() -> None:
    assert tokens.verify(tokens.issue(ADA, "feeds", OLD), "feeds", ring(OLD)) == ADA
    assert tokens.verify(tokens.issue(Caller("users"), "feeds", OLD), "feeds", ring(OLD)) == Caller("users")


def test_a_token_for_another_service_is_refused() -> None:
    assert refused(tokens.issue(ADA, "users", OLD))


@pytest.mark.parametrize("issuer", ["stranger", "", "Gateway", "gateway ", "operator"])
def test_a_token_of_an_unknown_issuer_is_refused(issuer: str) -> None:
    assert refused(signed(iss=issuer))


def test_an_expired_token_is_refused() -> None:
    assert refused(signed(exp=int(time.time()) - tokens.CLOCK_LEEWAY - 1))


def test_a_token_from_the_future_is_refused() -> None:
    assert refused(signed(iat=int(time.time()) + 60))
    assert refused(signed(nbf=int(time.time()) + 60))


@pytest.mark.parametrize("missing", ["iss", "aud", "iat", "staff", "exp"])
def test_a_token_without_a_claim_is_refused(missing: str) -> None:
    claims = jwt.decode(signed(), options={"verify_signature": False})
    del claims[missing]
    assert refused(jwt.encode(claims, OLD.secret, "HS256", headers={"kid": OLD.name}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
def test_an_unsigned_token_is_refused(algorithm: str) -> None:
    assert refused(unsigned({"alg": algorithm, "kid": OLD.name}))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_only_one_algorithm_is_good_also_with_the_right_secret(algorithm: str) -> None:
    assert refused(signed(algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS256"])
def test_a_header_cannot_choose_how_it_is_verified(algorithm: str) -> None:
    assert refused(unsigned({"alg": algorithm, "kid": OLD.name}) + "c2lnbmF0dXJl")


@pytest.mark.parametrize("kid", ["k9", "", "../k1"])
def test_an_unknown_key_is_refused(kid: str) -> None:
    assert refused(signed(headers={"kid": kid}))


def test_a_key_by_the_right_name_with_another_secret_is_refused() -> None:
    assert refused(signed(Key(OLD.name, "x" * 32)))


@pytest.mark.parametrize(
    "garbage",
    [None, 7, b"bytes", "", "a.b.c", "\ud800", "....", f"{base64.b64encode(b'[' * 3000).decode().rstrip('=')}.e30.x"],
)
def test_garbage_is_refused_and_never_raises_anything_else(garbage: object) -> None:
    assert refused(garbage)


def test_the_first_key_signs_and_all_verify_so_that_keys_rotate() -> None:
    token = tokens.issue(ADA, "feeds", ring(NEW, OLD).signing)
    assert jwt.get_unverified_header(token)["kid"] == NEW.name
    assert tokens.verify(token, "feeds", ring(NEW, OLD)) == ADA
    assert tokens.verify(tokens.issue(ADA, "feeds", OLD), "feeds", ring(NEW, OLD)) == ADA
    assert refused(token)


def test_a_token_of_an_event_is_good_for_that_event_alone() -> None:
    token = tokens.issue(Caller("feeds"), "events", OLD, subject="event-1")
    assert tokens.verify(token, "events", ring(OLD), subject="event-1") == Caller("feeds")
    assert refused(token, "events", "event-2")
    assert refused(signed(aud="events"), "events", "event-1")


def test_a_token_of_an_event_does_not_expire() -> None:
    token = tokens.issue(Caller("feeds"), "events", OLD, subject="event-1")
    assert "exp" not in jwt.decode(token, options={"verify_signature": False})


def test_a_token_of_an_event_is_no_token_for_a_call() -> None:
    assert refused(tokens.issue(Caller("feeds"), "feeds", OLD, subject="event-1"))


def test_the_issuer_hands_a_token_out_again_while_it_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    issuer = tokens.Issuer(ring(OLD))
    first = issuer.token(ADA, "feeds")
    assert issuer.token(ADA, "feeds") is first
    assert issuer.token(ADA, "users") != first
    moment += tokens.REISSUE
    assert issuer.token(ADA, "feeds") is not first


def test_callers_are_told_apart() -> None:
    assert ADA.require_user() == "id-of-ada"
    ADA.require_staff()
    Caller("users").require_staff()
    ADA.require_service("gateway")
    Caller("operator").require_service("gateway")
    assert ADA.passed_on_by("feeds") == Caller("feeds", user="id-of-ada", username="ada", session="s", staff=True)
    with pytest.raises(Unauthenticated):
        Caller("users").require_user()
    with pytest.raises(Forbidden):
        Caller("gateway", user="ben").require_staff()
    with pytest.raises(Forbidden):
        ADA.require_service("users")
