"""Posts over HTTP: listed by author, edited, deleted, and kept to the letter whatever the way."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from dev.machine.waiting import until
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person, problem

Make = Callable[..., Person]
UNKNOWN = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
FIELDS = {"id", "text", "author", "created_at"}
LIMIT = 15  # seconds until all are notified
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def new_user(new_user: Make) -> Make:
    """Make people whom posts cost no mails."""
    return partial(new_user, notify_by=[])


def fields(reply: Any) -> list[str]:
    return [error["field"] for error in problem(reply, 422)["errors"]]


@pytest.mark.parametrize("path", ["/all-posts/", "/feeds/all/"])
def test_posts_of_an_author_are_paginated(new_user: Make, path: str) -> None:
    author, other = new_user(), new_user()
    mine = []
    for number in range(5):
        mine.append(author.writes(f"post {number}")["id"])
        other.writes("between them")
    seen: list[str] = []
    link = f"{path}?limit=2&author={author.id}&unknown=x"
    while link:
        reply = author.get(link)
        seen += [item["id"] for item in reply.json()["items"]]
        link = reply.links.get("next", {}).get("url", "")
        if link:
            cursor = reply.json()["next"]
            assert link == f"{path}?cursor={cursor}&limit=2&author={author.id}"
    assert seen == mine[::-1]


def test_author_filter_requires_an_id(new_user: Make) -> None:
    person = new_user()
    assert person.get(f"/all-posts/?author={UNKNOWN}").json() == {"items": [], "next": None}
    for author in ("", "ada", person.name, UNKNOWN.upper(), "%00"):
        assert fields(person.get(f"/all-posts/?author={author}")) == ["author"]


@pytest.mark.parametrize("path", ["/post-detail/", "/feeds/detail/"])
def test_only_its_author_edits_a_post(new_user: Make, operator: Operator, path: str) -> None:
    author, staff = new_user(), new_user()
    operator("users.set_staff", username=staff.name, is_staff=True)
    staff.login()
    post = author.writes("first")
    assert set(post) == FIELDS
    body = {"text": "second", "id": UNKNOWN}  # the id of the path counts
    for person in (new_user(), staff):
        problem(person.put(f"{path}{post['id']}/", body), 403)
    edited = author.put(f"{path}{post['id']}/", body).json()
    assert edited == post | {"text": "second", "edited_at": edited["edited_at"]}
    assert author.get(f"{path}{post['id']}/").json() == edited
    assert author.get(f"/all-posts/?author={author.id}").json()["items"] == [edited]
    problem(author.put(f"{path}{UNKNOWN}/", body), 404)
    problem(author.put(f"{path}1/", body), 404)


@pytest.mark.parametrize("path", ["/post-detail/", "/feeds/detail/"])
def test_post_is_deleted_once_by_its_author_or_staff(new_user: Make, operator: Operator, path: str) -> None:
    author, staff = new_user(), new_user()
    operator("users.set_staff", username=staff.name, is_staff=True)
    staff.login()
    for deleter in (author, staff):
        post = f"{path}{author.writes('gone soon')['id']}/"
        problem(new_user().delete(post), 403)
        reply = deleter.delete(post)
        assert (reply.status_code, reply.content) == (204, b"")
        for method, body in (("DELETE", None), ("GET", None), ("PUT", {"text": "back"})):
            problem(author.ask(method, post, json=body), 404)
    assert author.get(f"/all-posts/?author={author.id}").json()["items"] == []


def test_anonymous_users_cannot_change_posts(new_user: Make, visitor: Make) -> None:
    path = f"/post-detail/{new_user().writes('mine')['id']}/"
    problem(visitor().put(path, {"text": "yours"}), 401)
    problem(visitor().delete(path), 401)


def test_notifications_show_edits_and_deletion_of_their_post(new_user: Make) -> None:
    author, reader = new_user(), new_user()

    def notification() -> tuple[str, bool]:
        found = [item for item in reader.inbox()["items"] if item["data"].get("post_id") == post["id"]]
        return (found[0]["message"], found[0]["data"].get("deleted", False)) if found else ("", False)

    post = author.writes("first words")
    until(lambda: notification() == ("first words", False), "the notification of the post", LIMIT)
    author.put(f"/post-detail/{post['id']}/", {"text": "other words"})
    until(lambda: notification() == ("other words", False), "the notification of the edit", LIMIT)
    author.delete(f"/post-detail/{post['id']}/")
    until(lambda: notification() == ("This post was deleted.", True), "the notification of the deletion", LIMIT)


LETTERS = {
    "a family of joined emoji": "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}",
    "a flag and a skin tone": "\U0001f1f0\U0001f1ea \N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}",
    "right to left with marks": "\u202b\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd\u202c\u200f",
    "combining marks in both forms": "e\u0301 \u00e9 Z\u0351\u036b\u0343",
    "line ends of all kinds": "one\r\ntwo\rthree\nfour\u2028five\u0085\t end \r\n",
    "what looks like nothing": "\ufeff\u200b.\u00a0",
    "what looks like code": "<b>&amp;</b> \\u0041 %00 {} '; --",
}


@pytest.mark.parametrize("text", LETTERS.values(), ids=LETTERS)
def test_text_is_unchanged_in_every_channel(new_user: Make, text: str) -> None:
    author = new_user()
    post = author.writes("x")
    path = f"/post-detail/{post['id']}/"
    escaped, plain = (json.dumps({"text": text}, ensure_ascii=escape).encode() for escape in (True, False))
    for body in (escaped, plain):
        edited = author.ask("PUT", path, data=body, headers=JSON)
        made = author.ask("POST", "/create-post/", data=body, headers=JSON)
        assert edited.json()["text"] == made.json()["text"] == text
        for reply in (author.get(path), author.get(f"/all-posts/?author={author.id}&limit=1")):
            assert json.dumps(text, ensure_ascii=False).encode() in reply.content
        author.put(path, {"text": "x"})


@pytest.mark.parametrize("text", ['"nul \\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d."'])
def test_text_that_cannot_be_stored_is_rejected(new_user: Make, text: str) -> None:
    author = new_user()
    post = author.writes("stays")
    body = f'{{"text": {text}}}'.encode()
    assert fields(author.ask("PUT", f"/post-detail/{post['id']}/", data=body, headers=JSON)) == ["text"]
    assert fields(author.ask("POST", "/create-post/", data=body, headers=JSON)) == ["text"]
    assert author.get(f"/all-posts/?author={author.id}").json()["items"] == [post]
