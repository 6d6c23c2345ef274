"""Cached answers."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache import response_cache


@given(st.binary(), st.text(alphabet="</>;=rel next?&", max_size=40))
def test_an_answer_survives_the_cache(body: bytes, link: str) -> None:
    answer = response_cache.cached_response(body, link)
    assert response_cache.unpack(answer.pack()) == answer


def test_the_same_body_has_the_same_etag_and_another_body_another() -> None:
    assert (
        response_cache.cached_response(b"a").etag
        == response_cache.cached_response(b"a").etag
        != response_cache.cached_response(b"b").etag
    )


def test_a_client_knows_an_answer_by_any_of_its_etags() -> None:
    answer = response_cache.cached_response(b"a")
    assert answer.matches_etag(answer.etag)
    assert answer.matches_etag(f'"other", W/{answer.etag}')
    assert answer.matches_etag("*")
    assert not answer.matches_etag('"other"')
    assert not answer.matches_etag("")
