"""A post notifies every active user once by each channel."""

from collections.abc import Callable

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.person import Person, received
from tests.e2e.support.vendors import mails_to, texts_to

NewUser = Callable[..., Person]


def titles(person: Person) -> list[str]:
    return [item["title"] for item in person.inbox()["items"]]


def test_every_active_user_is_notified_in_real_time_by_email_and_by_sms_and_no_other_user(
    platform: Instance, new_user: NewUser
) -> None:
    phone = "+254711" + f"{int(new_user().name[-6:], 16) % 1_000_000:06d}"
    author, reader, leaver = new_user(), new_user(phone=phone, notify_by=["realtime", "email", "sms"]), new_user()
    assert leaver.post("/logout/").status_code == 204
    socket = reader.listen()
    assert received(socket) == {"type": "ready", "unread": 0, "resumed": False}

    post = author.writes("Karibu! The bench is open. \N{GRINNING FACE}")

    frame = received(socket)
    assert frame["type"] == "notification"
    assert frame["title"] == f"{author.name} posted"
    assert frame["message"] == post["text"]
    assert frame["data"]["post_id"] == post["id"]
    until(lambda: len(mails_to(platform.environment, reader.email)) == 1, "the e-mail", 30)
    until(lambda: len(texts_to(platform.environment, phone)) == 1, "the SMS", 30)
    assert titles(reader)[0] == f"{author.name} posted"
    assert f"{author.name} posted" not in titles(author)
    leaver.login()
    assert f"{author.name} posted" not in titles(leaver)
    assert mails_to(platform.environment, author.email) == mails_to(platform.environment, leaver.email) == []


def test_notification_shows_its_deliveries(new_user: NewUser) -> None:
    author, reader = new_user(), new_user()
    author.writes("How was this delivered?")
    until(lambda: bool(reader.inbox()["items"]), "the inbox", 10)
    notification = reader.inbox()["items"][0]["id"]

    def sent() -> bool:
        detail = reader.get(f"/notifications/detail/{notification}/").json()
        return [(d["channel"], d["status"]) for d in detail["deliveries"]] == [("email", "sent")]

    until(sent, "the delivery to be recorded", 30)


def test_list_of_posts_shows_a_new_post_at_once(new_user: NewUser) -> None:
    author = new_user()
    for number in range(5):
        assert author.get("/all-posts/").status_code == 200  # now it is cached
        post = author.writes(f"number {number}")
        assert author.get("/all-posts/").json()["items"][0] == post
        assert author.get(f"/feeds/detail/{post['id']}/").json() == post


def test_new_username_is_on_old_posts_at_once(new_user: NewUser) -> None:
    author = new_user()
    post = author.writes("under the old name")
    assert author.get(f"/post-detail/{post['id']}/").json()["author"]["username"] == author.name
    renamed = author.put("/update-account/", {"username": f"{author.name}.x"})
    assert renamed.status_code == 200
    assert author.get(f"/post-detail/{post['id']}/").json()["author"]["username"] == f"{author.name}.x"


def test_only_staff_can_notify_a_single_active_user(new_user: NewUser, operator: Callable[..., object]) -> None:
    staff, reader = new_user(), new_user()
    message = {"user_id": reader.id, "message": "The meeting is at four.", "title": "Reminder"}
    assert staff.post("/send-notification/", message).status_code == 403
    operator("users.set_staff", username=staff.name, is_staff=True)
    socket = reader.listen()
    received(socket)

    key = {"Idempotency-Key": "reminder-1"}
    accepted = staff.post("/send-notification/", message, headers=key)
    assert accepted.status_code == 202
    assert received(socket)["title"] == "Reminder"

    reader.post("/logout/")
    again = staff.post("/send-notification/", message, headers=key)
    assert (again.status_code, again.json()) == (202, accepted.json())
    rejected = staff.post("/send-notification/", message)
    assert rejected.status_code == 409
    reader.login()
    assert len([item for item in reader.inbox()["items"] if item["title"] == "Reminder"]) == 1


def test_notifications_are_read_one_by_one_or_all(new_user: NewUser) -> None:
    author, reader = new_user(), new_user()
    for number in range(3):
        author.writes(f"read me {number}")
    until(lambda: reader.inbox()["unread"] == 3, "three unread", 15)
    first = reader.inbox()["items"][-1]["id"]
    assert reader.post("/notifications/read/", {"ids": [first]}).status_code == 204
    assert reader.inbox()["unread"] == 2
    assert reader.post("/notifications/read/", {"all": True}).status_code == 204
    page = reader.inbox(limit=2)
    assert page["unread"] == 0
    assert all(item["read_at"] for item in page["items"])
    assert reader.inbox(limit=2, cursor=page["next"])["items"][0]["id"] == first
