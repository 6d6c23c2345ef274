"""Cached answers."""

from hypothesis import given
from hypothesis import strategies as st

from gateway import pages


@given(st.binary(), st.text(alphabet="</>;=rel next?&", max_size=40))
def test_an_answer_survives_the_cache(body: bytes, link: str) -> None:
    answer = pages.answer(body, link)
    assert pages.unpacked(answer.packed()) == answer


def test_the_same_body_has_the_same_etag_and_another_body_another() -> None:
    assert pages.answer(b"a").etag == pages.answer(b"a").etag != pages.answer(b"b").etag


def test_a_client_knows_an_answer_by_any_of_its_etags() -> None:
    answer = pages.answer(b"a")
    assert answer.known_to(answer.etag)
    assert answer.known_to(f'"other", W/{answer.etag}')
    assert answer.known_to("*")
    assert not answer.known_to('"other"')
    assert not answer.known_to("")
