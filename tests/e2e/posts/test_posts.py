"""Posts: created, listed, edited and deleted."""

import pytest

from dev.machine.waiting import until
from tests.e2e.support.client import NewClient
from tests.e2e.support.responses import check_problem, invalid_fields

UNKNOWN = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
FIELDS = {"id", "text", "author", "created_at"}
LIMIT = 30  # seconds until a change is in every inbox


def test_list_of_posts_shows_a_new_post_at_once(new_user: NewClient) -> None:
    author = new_user()
    for number in range(5):
        assert author.get("/all-posts/").status_code == 200  # now it is cached
        post = author.create_post(f"number {number}")
        assert author.get("/all-posts/").json()["items"][0] == post
        assert author.get(f"/feeds/detail/{post['id']}/").json() == post


def test_new_username_is_on_old_posts_at_once(new_user: NewClient) -> None:
    author = new_user()
    path, new_name = f"/post-detail/{author.create_post('before')['id']}/", f"{author.username}.x"
    assert author.get(path).json()["author"]["username"] == author.username
    assert author.put("/update-account/", {"username": new_name}).status_code == 200
    assert author.get(path).json()["author"]["username"] == new_name


@pytest.mark.parametrize("path", ["/all-posts/", "/feeds/all/"])
def test_posts_of_an_author_are_paginated(new_user: NewClient, path: str) -> None:
    author, other = new_user(), new_user()
    created = []
    for number in range(5):
        created.append(author.create_post(f"post {number}")["id"])
        other.create_post("between them")
    seen: list[str] = []
    link = f"{path}?limit=2&author={author.id}&unknown=x"
    while link:
        response = author.get(link)
        seen += [item["id"] for item in response.json()["items"]]
        link = response.links.get("next", {}).get("url", "")
        if link:
            cursor = response.json()["next"]
            assert link == f"{path}?cursor={cursor}&limit=2&author={author.id}"
    assert seen == created[::-1]


def test_author_filter_requires_an_id(new_user: NewClient) -> None:
    user = new_user()
    assert user.get(f"/all-posts/?author={UNKNOWN}").json() == {"items": [], "next": None}
    for author in ("", "ada", user.username, UNKNOWN.upper(), "%00"):
        assert invalid_fields(user.get(f"/all-posts/?author={author}")) == ["author"]


@pytest.mark.parametrize("path", ["/post-detail/", "/feeds/detail/"])
def test_only_its_author_edits_a_post(new_user: NewClient, new_staff: NewClient, path: str) -> None:
    author, staff = new_user(), new_staff(notify_by=[])
    post = author.create_post("first")
    assert set(post) == FIELDS
    body = {"text": "second", "id": UNKNOWN}  # the id in the path counts
    for user in (new_user(), staff):
        check_problem(user.put(f"{path}{post['id']}/", body), 403)
    edited = author.put(f"{path}{post['id']}/", body).json()
    assert edited == post | {"text": "second", "edited_at": edited["edited_at"]}
    assert author.get(f"{path}{post['id']}/").json() == edited
    assert author.get(f"/all-posts/?author={author.id}").json()["items"] == [edited]
    check_problem(author.put(f"{path}{UNKNOWN}/", body), 404)
    check_problem(author.put(f"{path}1/", body), 404)


@pytest.mark.parametrize("path", ["/post-detail/", "/feeds/detail/"])
def test_post_is_deleted_once_by_its_author_or_staff(new_user: NewClient, new_staff: NewClient, path: str) -> None:
    author, staff = new_user(), new_staff(notify_by=[])
    for user in (author, staff):
        post = f"{path}{author.create_post('to be deleted')['id']}/"
        check_problem(new_user().delete(post), 403)
        response = user.delete(post)
        assert (response.status_code, response.content) == (204, b"")
        for method, body in (("DELETE", None), ("GET", None), ("PUT", {"text": "back"})):
            check_problem(author.request(method, post, json=body), 404)
    assert author.get(f"/all-posts/?author={author.id}").json()["items"] == []


def test_anonymous_users_cannot_change_posts(new_user: NewClient, new_client: NewClient) -> None:
    path = f"/post-detail/{new_user().create_post('mine')['id']}/"
    check_problem(new_client().put(path, {"text": "yours"}), 401)
    check_problem(new_client().delete(path), 401)


def test_notifications_show_edits_and_deletion_of_their_post(new_user: NewClient) -> None:
    author, reader = new_user(), new_user()

    def notification() -> tuple[str, bool]:
        """Return the message of the post's notification, and whether it is marked as deleted."""
        items = [item for item in reader.inbox()["items"] if item["data"].get("post_id") == post["id"]]
        return (items[0]["message"], items[0]["data"].get("deleted", False)) if items else ("", False)

    post = author.create_post("first text")
    until(lambda: notification() == ("first text", False), "the notification", LIMIT)
    author.put(f"/post-detail/{post['id']}/", {"text": "second text"})
    until(lambda: notification() == ("second text", False), "the edited notification", LIMIT)
    author.delete(f"/post-detail/{post['id']}/")
    until(lambda: notification() == ("This post was deleted.", True), "the notification of a deleted post", LIMIT)
