"""User, address and request id of a request, read from untrusted headers."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Unauthenticated, Unavailable
from gateway.http.request_parsing import with_client
from gateway.request.context import RequestContext, client_address, from_environ
from users.contract import ClientLogin, Login, token_hash

TOKEN = "a" * 43


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_a_token_is_taken_from_the_authorization_header(scheme: str) -> None:
    assert from_environ({"HTTP_AUTHORIZATION": f"{scheme} {TOKEN}"}, 0).token_hash == token_hash(TOKEN)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", f"Bearer {TOKEN}x", "é"])
def test_malformed_token_is_invalid_without_a_lookup(header: str) -> None:
    context = from_environ({"HTTP_AUTHORIZATION": header}, 0)
    assert context.has_token
    assert context.token_hash is None
    with pytest.raises(Unauthenticated) as raised:
        context.require_identity()
    assert raised.value.code == "invalid_token"


def test_token_that_could_not_be_checked_raises_the_error_of_the_check() -> None:
    context = from_environ({"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 0)
    context.identity_error = Unavailable("users is unavailable")
    for require in (context.require_identity, context.require_checked_token):
        with pytest.raises(Unavailable):
            require()


def test_request_without_a_token_passes_where_a_token_is_optional() -> None:
    from_environ({}, 0).require_checked_token()


@given(st.lists(st.text(alphabet="abc.:1", max_size=5)))
def test_without_trusted_proxies_the_address_is_the_peers(claims: list[str]) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": ",".join(claims)}
    assert client_address(environ, 0) == "10.0.0.9"


@given(st.lists(st.sampled_from(["1.1.1.1", "2.2.2.2", "evil"]), max_size=4))
def test_behind_one_proxy_the_address_it_appended_counts(claims: list[str]) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": ", ".join([*claims, "7.7.7.7"])}
    assert client_address(environ, 1) == "7.7.7.7"


def test_more_trusted_proxies_than_hops_means_the_peer() -> None:
    assert client_address({"REMOTE_ADDR": "10.0.0.9"}, 3) == "10.0.0.9"


SPELLINGS = [
    ("7.7.7.7", "7.7.7.7"),
    ("7.7.7.7:443", "7.7.7.7"),
    ("::ffff:7.7.7.7", "7.7.7.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ("[2001:db8:1:2::9]:443", "2001:db8:1:2::"),
    ("[2001:db8:1:2::9]", "2001:db8:1:2::"),
    ("::1", "::1"),
]


@pytest.mark.parametrize(("written", "counted"), SPELLINGS)
def test_spellings_and_the_ipv6_network_of_an_address_count_together(written: str, counted: str) -> None:
    assert client_address({"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": written}, 1) == counted


@given(st.text(max_size=300))
def test_invalid_forwarded_address_counts_as_the_proxy(claim: str) -> None:
    try:
        ipaddress.ip_address(claim.rpartition(",")[2].strip())
    except ValueError:
        environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": f"x{claim}"}
        assert client_address(environ, 1) == "10.0.0.9"
    assert client_address({"REMOTE_ADDR": claim}, 0)


@pytest.mark.parametrize(
    ("given_agent", "kept"),
    [
        ("curl/8.5.0", "curl/8.5.0"),
        (" a\x00b\x1b[31m\u200b ", "ab[31m"),
        ("x" * 201, "x" * 200),
        ("", None),
        ("\x7f", None),
    ],
)
def test_user_agent_keeps_200_printable_characters(given_agent: str, kept: str | None) -> None:
    assert from_environ({"HTTP_USER_AGENT": given_agent}, 0).user_agent == kept


def test_login_carries_the_real_client_not_the_claimed_one() -> None:
    login = Login.model_validate({"username": "ada", "password": "x", "address": "made up", "user_agent": "made up"})
    context = from_environ({"HTTP_USER_AGENT": "curl/8.5.0", "REMOTE_ADDR": "10.0.0.9"}, 0)
    expected = ClientLogin(username="ada", email=None, password="x", user_agent="curl/8.5.0", address="10.0.0.9")
    assert with_client(ClientLogin, login, context) == expected


@pytest.mark.parametrize("given_id", ["", "short", "with space in it", "x" * 65, 'in"jection\n'])
def test_invalid_request_id_is_replaced(given_id: str) -> None:
    context: RequestContext = from_environ({"HTTP_X_REQUEST_ID": given_id}, 0)
    assert context.request_id != given_id
    assert len(context.request_id) == 32
