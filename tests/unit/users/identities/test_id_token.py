"""ID tokens are validated completely; tests/integration/users/identities has more cases."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from users.identities import id_token
from users.identities.discovery import ProviderFailure
from users.identities.id_token import Expected, WrongNonceError
from users.identities.settings import ProviderSettings

SETTINGS = ProviderSettings("https://id.example.org", "baraza", "secret", "https://app.example.org/", "openid")
EXPECTED = Expected(SETTINGS, "n1", "an access token", leeway=30)
RSA = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it must be rejected
P256, P384, ED = (
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    ed25519.Ed25519PrivateKey.generate(),
)


def jwk(private: Any, **parameters: str) -> dict[str, Any]:
    kind: dict[Any, Any] = {
        rsa.RSAPrivateKey: RSAAlgorithm,
        ec.EllipticCurvePrivateKey: ECAlgorithm,
        ed25519.Ed25519PrivateKey: OKPAlgorithm,
    }
    (algorithm,) = [value for key, value in kind.items() if isinstance(private, key)]
    text: Any = algorithm.to_jwk(private.public_key())
    return {**json.loads(text), **parameters}


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    valid = {"iss": SETTINGS.issuer, "sub": "1", "aud": "baraza", "iat": now, "exp": now + 60, "nonce": "n1"}
    return {**valid, **changed}


def verify(token: object, *keys: dict[str, Any]) -> dict[str, Any]:
    def find(key_id: str | None) -> list[dict[str, Any]]:
        return [key for key in keys if key_id is None or key.get("kid") == key_id]

    return id_token.verify(token, find, EXPECTED)


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [(RSA, "RS256"), (RSA, "RS512"), (RSA, "PS256"), (P256, "ES256"), (P384, "ES384"), (ED, "EdDSA")],
)
def test_signature_of_each_allowed_algorithm_is_accepted(private: Any, algorithm: str) -> None:
    token = jwt.encode(claims(), private, algorithm, headers={"kid": "k1"})
    assert verify(token, jwk(private, kid="k1"))["sub"] == "1"
    assert verify(token, jwk(private, kid="k1", alg=algorithm))["sub"] == "1"


def test_token_without_a_key_id_is_verified_with_the_key_that_fits() -> None:
    token = jwt.encode(claims(), RSA, "RS256")
    other = jwk(rsa.generate_private_key(65537, 2048), kid="k1")
    assert verify(token, jwk(P256, kid="k0"), other, jwk(RSA, kid="k2"))["sub"] == "1"
    with pytest.raises(ProviderFailure, match="InvalidSignature"):
        verify(token, other)


def test_public_key_as_a_secret_is_rejected() -> None:
    """An attacker may know the public key and sign with it as if it were a secret (RFC 8725, section 2.1)."""
    secret = {"kty": "oct", "k": "c2VjcmV0" * 8, "kid": "k1"}
    token = jwt.encode(claims(), b"secret" * 8, "HS256", headers={"kid": "k1"})
    with pytest.raises(ProviderFailure, match="InvalidAlgorithm"):
        verify(token, secret)


def test_unsigned_token_is_rejected() -> None:
    with pytest.raises(ProviderFailure, match="InvalidAlgorithm"):
        verify(jwt.encode(claims(), "", "none"), jwk(RSA, kid="k1"))


def test_short_key_is_rejected() -> None:
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(claims(), WEAK, "RS256", headers={"kid": "k1"})
    with pytest.raises(ProviderFailure, match="InvalidKey"):
        verify(token, jwk(WEAK, kid="k1"))


@pytest.mark.parametrize(
    "key", [{"kty": "AKP"}, {"kty": "RSA"}, {"kty": "RSA", "n": "!", "e": "!"}, {"kty": "EC", "crv": "?"}, {}]
)
def test_key_that_cannot_be_read_is_left_out(key: dict[str, Any]) -> None:
    token = jwt.encode(claims(), RSA, "RS256", headers={"kid": "k1"})
    assert verify(token, key | {"kid": "k1"}, jwk(RSA, kid="k1"))["sub"] == "1"
    with pytest.raises(ProviderFailure):
        verify(token, key | {"kid": "k1"})


@pytest.mark.parametrize("nonce", ["n2", "", None, ["n1"], True])
def test_token_of_another_sign_in_is_told_apart(nonce: object) -> None:
    with pytest.raises(WrongNonceError):
        verify(jwt.encode(claims(nonce=nonce), RSA, "RS256"), jwk(RSA, kid="k1"))


@pytest.mark.parametrize(
    ("changed", "valid"),
    [
        ({"exp": -25}, True),
        ({"exp": -35}, False),
        ({"iat": 25}, True),
        ({"iat": 35}, False),
        ({"nbf": 25}, True),
        ({"nbf": 35}, False),
    ],
)
def test_clocks_may_differ_by_the_leeway(changed: dict[str, int], valid: bool) -> None:  # noqa: FBT001 - a case
    now = int(time.time())
    token = jwt.encode(claims(**{name: now + value for name, value in changed.items()}), RSA, "RS256")
    if valid:
        assert verify(token, jwk(RSA, kid="k1"))
    else:
        with pytest.raises(ProviderFailure):
            verify(token, jwk(RSA, kid="k1"))


@pytest.mark.parametrize("token", [None, 1, "", "a.b.c", "[" * 1000, "x" * 100_000, {"a": 1}])
def test_anything_else_is_no_token(token: object) -> None:
    with pytest.raises(ProviderFailure):
        verify(token, jwk(RSA, kid="k1"))


@pytest.mark.parametrize(
    "changed", [{"iat": True}, {"exp": "soon"}, {"aud": []}, {"aud": {}}, {"sub": None}, {"sub": "a\0"}, {"at_hash": 1}]
)
def test_claim_of_a_wrong_type_is_rejected(changed: dict[str, Any]) -> None:
    payload = claims(**changed)
    if changed == {"sub": None}:
        del payload["sub"]
    header = {"alg": "RS256", "kid": "k1"}
    token = jwt.PyJWS().encode(json.dumps(payload).encode(), RSA, "RS256", headers=header)
    with pytest.raises(ProviderFailure):
        verify(token, jwk(RSA, kid="k1"))
