"""Texts of posts: which are valid, and that none is changed."""

import json

import pytest

from tests.e2e.support.client import NewClient
from tests.e2e.support.responses import invalid_fields

JSON = {"Content-Type": "application/json"}

TEXTS = {
    "5,000 characters": "x" * 5000,
    "5,000 emoji": "\N{GRINNING FACE}" * 5000,
    "leading and trailing spaces": " leading and trailing ",
    "joined emoji": "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}",
    "flag and skin tone": "\U0001f1f0\U0001f1ea \N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}",
    "right to left with marks": "\u202b\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd\u202c\u200f\u202e",
    "combining marks in both forms": "e\u0301 \u00e9 Z\u0351\u036b\u0343",
    "all kinds of line ends": "one\r\ntwo\rthree\nfour\u2028five\u0085\t end \r\n",
    "invisible characters": "\ufeff\u200b.\u00a0",
    "code": "<b>&amp;</b> \\u0041 %00 {} '; --",
}
INVALID_TEXTS = ["", " \n\t ", "x" * 5001, "nul\0", 5, None, ["a"]]
NOT_STORABLE = ['"nul \\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d."']  # as JSON: NUL and lone surrogates


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_is_stored_unchanged(new_user: NewClient, text: str) -> None:
    author = new_user()
    path = f"/post-detail/{author.create_post('x')['id']}/"
    escaped, plain = (json.dumps({"text": text}, ensure_ascii=escape).encode() for escape in (True, False))
    for body in (escaped, plain):
        edited = author.request("PUT", path, data=body, headers=JSON)
        created = author.request("POST", "/create-post/", data=body, headers=JSON)
        assert edited.json()["text"] == created.json()["text"] == text
        for response in (author.get(path), author.get(f"/all-posts/?author={author.id}&limit=1")):
            assert json.dumps(text, ensure_ascii=False).encode() in response.content
        author.put(path, {"text": "x"})


@pytest.mark.parametrize("text", INVALID_TEXTS, ids=range(len(INVALID_TEXTS)))
def test_post_has_1_to_5000_visible_characters(new_user: NewClient, text: object) -> None:
    assert invalid_fields(new_user().post("/create-post/", {"text": text})) == ["text"]


@pytest.mark.parametrize("text", NOT_STORABLE)
def test_text_that_cannot_be_stored_is_rejected(new_user: NewClient, text: str) -> None:
    author = new_user()
    post = author.create_post("stays")
    body = f'{{"text": {text}}}'.encode()
    assert invalid_fields(author.request("PUT", f"/post-detail/{post['id']}/", data=body, headers=JSON)) == ["text"]
    assert invalid_fields(author.request("POST", "/create-post/", data=body, headers=JSON)) == ["text"]
    assert author.get(f"/all-posts/?author={author.id}").json()["items"] == [post]
