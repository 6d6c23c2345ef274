"""The settings of the identity provider."""

import pytest

from users.identities.settings import from_config, is_secure

SETTINGS = {
    "issuer": "https://id.example.org",
    "client_id": "baraza",
    "client_secret": "",
    "redirect_url": "https://app.example.org/signed-in",
    "scope": "openid email",
}


def test_without_an_issuer_there_is_no_provider() -> None:
    assert from_config({}) is None
    assert from_config(SETTINGS | {"issuer": ""}) is None


def test_valid_settings_are_read() -> None:
    found = from_config(SETTINGS)
    assert found is not None
    assert {name: getattr(found, name) for name in SETTINGS} == SETTINGS


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://id.example.org/realms/a", True),
        ("http://127.0.0.1:9400", True),
        ("http://localhost:9400/", True),
        ("http://[::1]:9400", True),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
        ("https://user:password@id.example.org", False),
        ("https://id.example.org/#x", False),
        ("https://id.example.org:port", False),
        ("https://", False),
        ("ftp://id.example.org", False),
        ("javascript:alert(1)", False),
        ("", False),
        (None, False),
        (1, False),
    ],
)
def test_only_https_and_loopback_addresses_are_secure(url: object, secure: bool) -> None:  # noqa: FBT001 - a case
    assert is_secure(url) is secure
