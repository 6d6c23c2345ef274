import base64
import time
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from chassis.auth import tokens
from chassis.auth.access import OPERATORS, STAFF, USER
from chassis.auth.caller import Caller
from chassis.auth.keyring import Keyring
from chassis.auth.keys import Key, generate
from chassis.errors import Forbidden, ServiceError, Unauthenticated, Unavailable
from tests.unit.chassis.auth.forged_tokens import FORGED, NOT_VALID_YET, VALID, Forge, valid_claims

SERVICES = ("gateway", "users", "feeds", "orders", "operator")
KEYS = {service: generate(f"{service}/k1") for service in SERVICES}
SHARED = Key("k1", "s" * 64)
SKEW = 30  # seconds
ADA = Caller("gateway", user="id-of-ada", username="ada", session="s", staff=True)
OPERATOR = Caller("operator")


def ring(*more: Key) -> Keyring:
    """Return the keyring of feeds."""
    keys = [KEYS["feeds"], *(key.public_half() for key in KEYS.values()), *more]
    return Keyring(",".join(map(str, keys)), SERVICES, ["gateway"], SKEW)


FEEDS = ring()


def issue(caller: Caller, key: Key | None = None, audience: str = "feeds", **options: str) -> str:
    return tokens.issue(caller, audience, key or KEYS[caller.service], **options)


def verify(token: object, keys: Keyring = FEEDS) -> Caller:
    return tokens.verify(token, "feeds", keys)


def sign(**changed: Any) -> str:
    return VALID(KEYS["orders"], valid_claims("feeds", exp=int(time.time()) + 60) | changed)


def rejected(token: object, audience: str = "feeds", subject: str | None = None, keys: Keyring = FEEDS) -> bool:
    with pytest.raises(Unavailable) as error:
        tokens.verify(token, audience, keys, subject=subject)
    return error.value.code == "bad_service_token"


@pytest.mark.parametrize("forge", [*FORGED.values(), *NOT_VALID_YET.values()], ids=[*FORGED, *NOT_VALID_YET])
def test_forged_token_is_rejected(forge: Forge) -> None:
    key, claims = KEYS["orders"], valid_claims("feeds", exp=int(time.time()) + 60)
    assert verify(VALID(key, claims)) == Caller("orders")
    assert rejected(forge(key, claims))


@pytest.mark.parametrize("issuer", ["users", "gateway", "operator", "Feeds"])
def test_stolen_key_of_feeds_signs_for_no_other_service(issuer: str) -> None:
    for name in ("feeds/k1", f"{issuer}/k1", "k1"):
        stolen = Key(name, KEYS["feeds"].text)
        assert rejected(stolen.sign(valid_claims("feeds", exp=2**40) | {"iss": issuer}))


@pytest.mark.parametrize("access", [OPERATORS, STAFF, USER])
def test_stolen_key_of_feeds_acts_neither_as_operator_nor_for_a_user(access: Any) -> None:
    caller = verify(issue(Caller("feeds", user="id-of-ada", username="ada", session="s", staff=True)))
    assert caller == Caller("feeds")
    with pytest.raises(ServiceError):
        access.check(caller)


def test_operators_key_acts_as_operator() -> None:
    OPERATORS.check(verify(issue(OPERATOR)))
    STAFF.check(verify(issue(OPERATOR)))


def test_only_a_listed_issuer_is_accepted_although_its_key_is_known() -> None:
    key = generate("billing/k1")
    assert rejected(issue(Caller("billing"), key), keys=ring(key))


def test_verified_token_returns_its_caller() -> None:
    assert verify(issue(ADA)) == ADA
    assert verify(issue(Caller("users"))) == Caller("users")


@pytest.mark.parametrize(
    "garbage",
    [None, 7, b"bytes", "", "a.b.c", "\ud800", "....", f"{base64.b64encode(b'[' * 3000).decode().rstrip('=')}.e30.x"],
)
def test_malformed_token_is_rejected_with_the_same_error(garbage: object) -> None:
    assert rejected(garbage)


def test_secret_that_services_share_is_accepted_only_if_it_is_listed() -> None:
    token = issue(OPERATOR, SHARED)
    assert rejected(token)
    assert verify(token, ring(SHARED)) == OPERATOR


def test_token_of_an_event_is_valid_for_that_event_only() -> None:
    token = issue(Caller("users"), audience="events", subject="event-1")
    assert tokens.verify(token, "events", FEEDS, subject="event-1") == Caller("users")
    assert rejected(token, "events", "event-2")
    assert rejected(issue(Caller("users"), audience="events"), "events", "event-1")
    assert "exp" not in jwt.decode(token, options={"verify_signature": False})


def test_token_of_an_event_is_rejected_in_a_call() -> None:
    assert rejected(issue(Caller("users"), subject="event-1"))


@pytest.mark.parametrize(("claim", "seconds"), [("iat", SKEW - 2), ("nbf", SKEW - 2), ("exp", 2 - SKEW)])
def test_clocks_may_differ_by_the_skew_and_no_more(claim: str, seconds: int) -> None:
    assert verify(sign(**{claim: int(time.time()) + seconds})) == Caller("orders")
    assert rejected(sign(**{claim: int(time.time()) + (seconds + 5 if seconds > 0 else seconds - 5)}))


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (sign(iat=int(time.time()) + 600), True),
        (issue(Caller("users"), generate("users/k2")), True),
        (sign(exp=int(time.time()) - 600), False),
        (issue(Caller("users"), generate("users/k1")), False),
    ],
    ids=["of the future", "of an unknown key", "expired", "with a wrong signature"],
)
def test_token_of_the_future_or_of_an_unknown_key_may_become_valid(token: str, expected: bool) -> None:  # noqa: FBT001
    with pytest.raises(Unavailable) as error:
        verify(token)
    assert tokens.may_become_valid(error.value) is expected


def test_verified_token_is_rejected_once_it_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    token = issue(ADA)
    assert verify(token) == ADA
    later = time.time() + tokens.LIFETIME + SKEW + 1
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", SimpleNamespace(now=lambda tz: datetime.fromtimestamp(later, tz)))
    assert rejected(token)


def test_verified_token_is_rejected_once_its_key_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, token = ring(), issue(ADA)
    assert verify(token, keys) == ADA
    monkeypatch.setattr(keys, "_keys", (KEYS["feeds"],))
    assert rejected(token, keys=keys)


def test_second_verification_of_a_token_does_not_decode_it(monkeypatch: pytest.MonkeyPatch) -> None:
    token = issue(ADA)
    assert verify(token) == ADA
    monkeypatch.setattr(jwt, "decode", None)
    assert verify(token) == ADA
    assert rejected(token, "users")


def test_issuer_returns_the_same_token_until_it_is_to_be_reissued(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    issuer = tokens.Issuer(Keyring(str(KEYS["gateway"])))
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
    OPERATOR.require_service("gateway")
    with pytest.raises(Unauthenticated):
        Caller("users").require_user()
    with pytest.raises(Forbidden):
        Caller("gateway", user="ben").require_staff()
    with pytest.raises(Forbidden):
        ADA.require_service("users")
