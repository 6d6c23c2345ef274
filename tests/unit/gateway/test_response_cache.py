"""Cached answers."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache import response_cache


@given(st.binary(), st.text(alphabet="</>;=rel next?&", max_size=40))
def test_cached_response_round_trips(body: bytes, link: str) -> None:
    answer = response_cache.cached_response(body, link)
    assert response_cache.unpack(answer.pack()) == answer


def test_etag_depends_on_the_body() -> None:
    assert (
        response_cache.cached_response(b"a").etag
        == response_cache.cached_response(b"a").etag
        != response_cache.cached_response(b"b").etag
    )


def test_if_none_match_with_several_etags_matches_any() -> None:
    answer = response_cache.cached_response(b"a")
    assert answer.matches_etag(answer.etag)
    assert answer.matches_etag(f'"other", W/{answer.etag}')
    assert answer.matches_etag("*")
    assert not answer.matches_etag('"other"')
    assert not answer.matches_etag("")
