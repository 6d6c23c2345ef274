"""Cached answers."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache import response_cache


@given(st.binary(), st.text(alphabet="</>;=rel next?&", max_size=40))
def test_an_answer_survives_the_cache(body: bytes, link: str) -> None:
    answer = response_cache.answer(body, link)
    assert response_cache.unpacked(answer.packed()) == answer


def test_the_same_body_has_the_same_etag_and_another_body_another() -> None:
    assert response_cache.answer(b"a").etag == response_cache.answer(b"a").etag != response_cache.answer(b"b").etag


def test_a_client_knows_an_answer_by_any_of_its_etags() -> None:
    answer = response_cache.answer(b"a")
    assert answer.known_to(answer.etag)
    assert answer.known_to(f'"other", W/{answer.etag}')
    assert answer.known_to("*")
    assert not answer.known_to('"other"')
    assert not answer.known_to("")
