"""What the variables of config.yml accept."""

import re
from pathlib import Path

import pytest

from chassis import config

FILE = Path(__file__).parents[3] / config.FILE


@pytest.fixture(autouse=True)
def required_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the required variables to texts that are accepted."""
    monkeypatch.chdir(FILE.parent)
    for name in re.findall(r"\$\{([^}:\s]+)\}", FILE.read_text(encoding="utf-8")):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AMQP_URI", "amqp://broker")
    monkeypatch.setenv("REDIS_URL", "redis://cache")
    monkeypatch.setenv("PUBLIC_URL", "https://example.org")
    monkeypatch.setenv("EMAIL_FROM", "ada@example.org")
    monkeypatch.setenv("OIDC_CLIENT_ID", "x")
    monkeypatch.setenv("OIDC_REDIRECT_URL", "https://example.org/signed-in")


def rejection(section: str) -> str:
    """Return why the variables of a section are rejected; it ends with that of the token keys, which are wrong too."""
    with pytest.raises(SystemExit) as error:
        config.load(section)
    return str(error.value)


@pytest.mark.parametrize(
    ("section", "name", "value", "reason"),
    [
        *(
            ("gateway", name, "1e3/hour", "must read like 10/minute; second, minute, hour and day are known")
            for name in ("THROTTLE_ANON", "THROTTLE_USER", "THROTTLE_LOGIN", "THROTTLE_REGISTER")
        ),
        *(
            ("gateway", "AFRICASTALKING_CALLBACK_SECRET", secret, "must be a text that matches [A-Za-z0-9_-]{16,}")
            for secret in ("short", "with/a/slash/in/it/", "é" * 20, " " * 20)
        ),
        ("gateway", "WEB_CONCURRENCY", "abc", "must be a whole number, 1 or more"),
        ("notifications", "SMS_COUNTRIES", "KE,XX", "must be ISO 3166 codes of countries with phone numbers, not XX"),
        ("users", "OIDC_ISSUER", "http://id.example.org", "must be an https URL, or http on a loopback address"),
        ("users", "OIDC_ISSUER", f"https://id.example.org/{'x' * 255}", "must have 255 characters at most"),
        ("users", "OIDC_REDIRECT_URL", "app.example.org", "must be an https URL, or http on a loopback address"),
        ("users", "OIDC_SCOPE", "email openidx", r"must be a text that matches (.*\s)?openid(\s.*)?"),
    ],
)
def test_wrong_value_stops_the_start_with_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, section: str, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    assert rejection(section) == f"config.yml: {name} {reason}"


@pytest.mark.parametrize("unset", [["OIDC_CLIENT_ID"], ["OIDC_REDIRECT_URL"], ["OIDC_CLIENT_ID", "OIDC_REDIRECT_URL"]])
def test_variable_without_others_that_it_needs_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, unset: list[str]
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.org")
    for name in unset:
        monkeypatch.setenv(name, "")
    assert rejection("users") == f"config.yml: OIDC_ISSUER needs {' and '.join(unset)}"


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("gateway", "THROTTLE_ANON", "5/second"),
        ("gateway", "AFRICASTALKING_CALLBACK_SECRET", "x" * 16),
        ("notifications", "SMS_COUNTRIES", "KE, ug"),
        ("users", "OIDC_ISSUER", "https://id.example.org"),
        ("users", "OIDC_REDIRECT_URL", "http://127.0.0.1:3000/signed-in"),
        ("users", "OIDC_SCOPE", "openid"),
        ("users", "OIDC_SCOPE", "email openid profile"),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_valid_and_empty_values_are_accepted(
    monkeypatch: pytest.MonkeyPatch, section: str, name: str, value: str, *, empty: bool
) -> None:
    monkeypatch.setenv(name, "" if empty else value)
    assert rejection(section).startswith("config.yml: service_token_keys: ")
