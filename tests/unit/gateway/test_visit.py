"""Who asks, from where: read from headers that anybody may write."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Forbidden, TooManyRequests, Unauthenticated, Unavailable
from gateway.limits.rate_limiter import Count, Rate
from gateway.request_context import Visit, client_address, visit_of
from gateway.routing.login_request import with_client
from users.contract import Identity, Login, SignIn, token_hash

TOKEN = "a" * 43
IDENTITY = Identity.model_validate(
    {
        "user_id": "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21",
        "username": "ada",
        "session_id": "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b22",
        "is_staff": False,
        "expires_at": "2030-01-01T00:00:00Z",
    }
)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_a_token_is_taken_from_the_authorization_header(scheme: str) -> None:
    assert visit_of({"HTTP_AUTHORIZATION": f"{scheme} {TOKEN}"}, 0).token_hash == token_hash(TOKEN)


def test_a_browser_brings_its_token_as_a_websocket_subprotocol() -> None:
    visit = visit_of({"HTTP_SEC_WEBSOCKET_PROTOCOL": f"baraza.v1, bearer.{TOKEN}"}, 0)
    assert visit.token_hash == token_hash(TOKEN)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", f"Bearer {TOKEN}x", "é"])
def test_what_cannot_be_a_token_of_ours_is_a_bad_token_and_is_asked_nobody_about(header: str) -> None:
    visit = visit_of({"HTTP_AUTHORIZATION": header}, 0)
    assert visit.has_token
    assert visit.token_hash is None
    with pytest.raises(Unauthenticated) as refusal:
        visit.require_identity()
    assert refusal.value.code == "invalid_token"


def test_without_a_token_one_is_asked_to_sign_in() -> None:
    with pytest.raises(Unauthenticated) as refusal:
        visit_of({}, 0).require_identity()
    assert refusal.value.code == "unauthenticated"


def test_a_token_that_could_not_be_checked_is_no_wrong_token() -> None:
    visit = visit_of({"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 0)
    visit.trouble = Unavailable("users is away")
    with pytest.raises(Unavailable):
        visit.require_identity()


def test_staff_routes_are_closed_to_other_users() -> None:
    visit = visit_of({}, 0)
    visit.identity = IDENTITY
    with pytest.raises(Forbidden):
        visit.require_staff()


def test_the_gateway_calls_on_behalf_of_whoever_asks() -> None:
    visit = visit_of({}, 0)
    assert visit.caller().user is None
    visit.identity = IDENTITY
    assert (visit.caller().service, visit.caller().user) == ("gateway", IDENTITY.user_id)


@given(st.lists(st.text(alphabet="abc.:1", max_size=5)))
def test_without_trusted_proxies_the_address_is_the_peers_whatever_the_client_claims(claims: list[str]) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": ",".join(claims)}
    assert client_address(environ, 0) == "10.0.0.9"


@given(st.lists(st.sampled_from(["1.1.1.1", "2.2.2.2", "evil"]), max_size=4))
def test_behind_one_proxy_only_the_address_that_the_proxy_appended_counts(claims: list[str]) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": ", ".join([*claims, "7.7.7.7"])}
    assert client_address(environ, 1) == "7.7.7.7"


def test_more_trusted_proxies_than_hops_do_no_harm() -> None:
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
def test_all_spellings_of_an_address_and_all_addresses_of_a_household_are_one(written: str, counted: str) -> None:
    assert client_address({"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": written}, 1) == counted


@given(st.text(max_size=300))
def test_what_is_no_address_counts_as_the_proxy_that_says_it(claim: str) -> None:
    try:
        ipaddress.ip_address(claim.rpartition(",")[2].strip())
    except ValueError:
        environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": f"x{claim}"}
        assert client_address(environ, 1) == "10.0.0.9"
    assert client_address({"REMOTE_ADDR": claim}, 0)


def test_who_is_refused_in_the_last_moment_of_a_window_is_told_to_wait_all_the_same() -> None:
    with pytest.raises(TooManyRequests) as refusal:
        visit_of({}, 0).charge(Rate(5, 60), Count(6, 0))
    assert refusal.value.retry_after == 1


def test_of_several_limits_the_one_that_refuses_is_told() -> None:
    visit = visit_of({}, 0)
    visit.charge(Rate(100, 3600), Count(1, 3600))
    visit.charge(Rate(5, 60), Count(5, 30))
    assert dict(visit.headers())["X-RateLimit-Limit"] == "100"
    with pytest.raises(TooManyRequests) as refusal:
        visit.charge(Rate(5, 60), Count(6, 30))
    assert refusal.value.retry_after == 30
    told = dict(visit.headers())
    assert (told["X-RateLimit-Limit"], told["X-RateLimit-Remaining"]) == ("5", "0")


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
def test_of_a_user_agent_200_printable_characters_are_kept(given_agent: str, kept: str | None) -> None:
    assert visit_of({"HTTP_USER_AGENT": given_agent}, 0).user_agent == kept


def test_a_client_without_a_user_agent_has_none() -> None:
    assert visit_of({}, 0).user_agent is None


def test_a_login_is_passed_on_with_its_client_and_not_with_what_it_claims_of_itself() -> None:
    login = Login.model_validate({"username": "ada", "password": "x", "address": "made up", "user_agent": "made up"})
    guest = visit_of({"HTTP_USER_AGENT": "curl/8.5.0", "REMOTE_ADDR": "10.0.0.9"}, 0)
    expected = SignIn(username="ada", email=None, password="x", user_agent="curl/8.5.0", address="10.0.0.9")
    assert with_client(guest, login) == expected


def test_a_request_id_is_the_clients_if_it_is_harmless() -> None:
    assert visit_of({"HTTP_X_REQUEST_ID": "checkout-42"}, 0).request_id == "checkout-42"


@pytest.mark.parametrize("given_id", ["", "short", "with space in it", "x" * 65, 'in"jection\n'])
def test_any_other_request_id_is_replaced(given_id: str) -> None:
    visit: Visit = visit_of({"HTTP_X_REQUEST_ID": given_id}, 0)
    assert visit.request_id != given_id
    assert len(visit.request_id) == 32
