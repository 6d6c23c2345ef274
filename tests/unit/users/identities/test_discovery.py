"""What the provider publishes is cached, and read again when it is old or lacks a key."""

from collections import Counter
from typing import Any

import pytest

from users.identities import discovery
from users.identities.discovery import Discovery, ProviderFailure

ISSUER = "https://id.example.org/realms/a"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


class Clock:
    """A monotonic clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Site:
    """The provider's documents; counts requests."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {
            f"{ISSUER}/.well-known/openid-configuration": DOCUMENT,
            f"{ISSUER}/jwks": {"keys": [{"kid": "k1"}, {"kid": "k2", "use": "enc"}, "no key"]},
        }
        self.requests: Counter[str] = Counter()
        self.is_down = False

    def fetch(self, url: str) -> Any:
        self.requests[url.rpartition("/")[2]] += 1
        if self.is_down:
            raise ProviderFailure("down")
        return self.documents[url]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(discovery, "time", clock)
    return clock


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def found(site: Site, clock: Clock) -> Discovery:  # noqa: ARG001 - the clock is set
    return Discovery(ISSUER, site.fetch, has_secret=True)


def test_documents_are_read_once_an_hour(found: Discovery, site: Site, clock: Clock) -> None:
    for _ in range(3):
        assert found.endpoints().token == f"{ISSUER}/token"
        assert found.keys("k1") == [{"kid": "k1"}]
    assert site.requests == {"openid-configuration": 1, "jwks": 1}
    clock.now += discovery.LIFETIME
    found.keys("k1")
    assert site.requests == {"openid-configuration": 2, "jwks": 2}


def test_unknown_key_is_looked_for_again_but_not_more_often_than_every_ten_seconds(
    found: Discovery, site: Site, clock: Clock
) -> None:
    found.keys("k1")
    site.documents[f"{ISSUER}/jwks"] = {"keys": [{"kid": "k9"}]}
    assert found.keys("k9") == []
    assert site.requests["jwks"] == 1
    clock.now += discovery.SOONEST_REFRESH
    assert found.keys("k9") == [{"kid": "k9"}]
    for _ in range(3):
        assert found.keys("k10") == []
    assert site.requests["jwks"] == 2


def test_after_a_failure_there_is_no_request_for_two_seconds(found: Discovery, site: Site, clock: Clock) -> None:
    site.is_down = True
    for _ in range(3):
        with pytest.raises(ProviderFailure, match="down"):
            found.endpoints()
    assert site.requests == {"openid-configuration": 1}
    site.is_down = False
    clock.now += discovery.RETRY
    assert found.endpoints()


def test_keys_for_encryption_and_malformed_ones_are_left_out(found: Discovery) -> None:
    assert found.keys(None) == [{"kid": "k1"}]
    assert found.keys("k2") == []


@pytest.mark.parametrize("issuer", [f"{ISSUER}/", "https://id.example.org", None])
def test_document_of_another_issuer_is_rejected(found: Discovery, site: Site, issuer: str | None) -> None:
    site.documents[f"{ISSUER}/.well-known/openid-configuration"] = DOCUMENT | {"issuer": issuer}
    with pytest.raises(ProviderFailure, match="issuer"):
        found.endpoints()


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, [], None, "keys"])
def test_malformed_key_set_is_rejected(found: Discovery, site: Site, document: object) -> None:
    site.documents[f"{ISSUER}/jwks"] = document
    with pytest.raises(ProviderFailure):
        found.keys("k1")


@pytest.mark.parametrize(
    ("supported", "has_secret", "method"),
    [
        (None, True, "client_secret_basic"),
        (["client_secret_post", "client_secret_basic"], True, "client_secret_basic"),
        (["client_secret_post"], True, "client_secret_post"),
        (["client_secret_post"], False, "none"),
    ],
)
def test_client_authenticates_as_the_provider_supports_it(
    site: Site,
    supported: list[str] | None,
    has_secret: bool,  # noqa: FBT001 - a case
    method: str,
) -> None:
    document = DOCUMENT | ({"token_endpoint_auth_methods_supported": supported} if supported else {})
    site.documents[f"{ISSUER}/.well-known/openid-configuration"] = document
    assert Discovery(ISSUER, site.fetch, has_secret=has_secret).endpoints().auth_method == method
