"""Cached answers."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache import response_cache


@given(st.binary(), st.text(alphabet="</>;=rel next?&", max_size=40))
def test_cached_response_round_trips(body: bytes, link: str) -> None:
    answer = response_cache.cached_response(body, link)
    assert response_cache.unpack(answer.pack()) == answer


def test_etag_is_that_of_the_body_and_matches_any_of_if_none_match() -> None:
    answer, other = (response_cache.cached_response(body) for body in (b"a", b"b"))
    for header in (answer.etag, f'"other", W/{answer.etag}', "*"):
        assert answer.matches_etag(header)
    for header in (other.etag, '"other"', ""):
        assert not answer.matches_etag(header)
    assert response_cache.cached_response(b"a").etag == answer.etag
