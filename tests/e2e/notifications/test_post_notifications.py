"""A post notifies every active user once on each channel; staff notify one user; users read their inbox."""

from dev.fakes.sms.rules import reachable_number
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.fakes import mails_to, sms_to
from tests.e2e.support.frames import receive
from tests.e2e.support.responses import check_problem


def titles(user: Client) -> list[str]:
    return [item["title"] for item in user.inbox()["items"]]


def test_every_active_user_is_notified_once_by_websocket_mail_and_sms(platform: Instance, new_user: NewClient) -> None:
    phone = reachable_number()
    author, reader, inactive = new_user(), new_user(phone=phone, notify_by=["realtime", "email", "sms"]), new_user()
    assert inactive.post("/logout/").status_code == 204
    websocket = reader.connect()
    assert receive(websocket).items() >= {"type": "ready", "unread": 0, "resumed": False}.items()

    post = author.create_post("Karibu! The bench is open. \N{GRINNING FACE}")

    frame = receive(websocket)
    assert frame["type"] == "notification"
    assert frame["title"] == f"{author.username} posted"
    assert frame["message"] == post["text"]
    assert frame["data"]["post_id"] == post["id"]
    until(lambda: len(mails_to(platform.environment, reader.email)) == 1, "the mail", 30)
    until(lambda: len(sms_to(platform.environment, phone)) == 1, "the SMS", 30)
    assert titles(reader)[0] == f"{author.username} posted"
    assert f"{author.username} posted" not in titles(author)
    inactive.login()
    assert f"{author.username} posted" not in titles(inactive)
    assert mails_to(platform.environment, author.email) == mails_to(platform.environment, inactive.email) == []


def test_notification_shows_its_deliveries(new_user: NewClient) -> None:
    author, reader = new_user(), new_user()
    author.create_post("by mail")
    until(lambda: bool(reader.inbox()["items"]), "the inbox", 30)
    notification = reader.inbox()["items"][0]["id"]

    def sent() -> bool:
        detail = reader.get(f"/notifications/detail/{notification}/").json()
        return [(d["channel"], d["status"]) for d in detail["deliveries"]] == [("email", "sent")]

    until(sent, "the delivery to be recorded", 30)


def test_notification_of_another_user_is_not_found(new_user: NewClient, new_staff: NewClient) -> None:
    reader, staff = new_user(), new_staff()
    notification = staff.post("/send-notification/", {"user_id": reader.id, "message": "for you"}).json()["id"]
    path = f"/notifications/detail/{notification}/"
    check_problem(new_user().get(path), 404)
    assert reader.get(path).status_code == staff.get(path).status_code == 200


def test_only_staff_can_notify_a_single_active_user(new_user: NewClient, new_staff: NewClient) -> None:
    staff, reader = new_staff(), new_user()
    message = {"user_id": reader.id, "message": "The meeting is at four.", "title": "Reminder"}
    assert new_user().post("/send-notification/", message).status_code == 403
    websocket = reader.connect()
    receive(websocket)

    key = {"Idempotency-Key": "reminder-1"}
    accepted = staff.post("/send-notification/", message, headers=key)
    assert accepted.status_code == 202
    assert receive(websocket)["title"] == "Reminder"

    reader.post("/logout/")
    replay = staff.post("/send-notification/", message, headers=key)
    assert (replay.status_code, replay.json()) == (202, accepted.json())
    assert staff.post("/send-notification/", message).status_code == 409
    reader.login()
    assert titles(reader).count("Reminder") == 1


def test_notifications_are_read_one_by_one_or_all(new_user: NewClient) -> None:
    author, reader = new_user(), new_user()
    for number in range(3):
        author.create_post(f"read me {number}")
    until(lambda: reader.inbox()["unread"] == 3, "three unread notifications", 30)
    first = reader.inbox()["items"][-1]["id"]
    assert reader.post("/notifications/read/", {"ids": [first]}).status_code == 204
    assert reader.inbox()["unread"] == 2
    assert reader.post("/notifications/read/", {"all": True}).status_code == 204
    page = reader.inbox(limit=2)
    assert page["unread"] == 0
    assert all(item["read_at"] for item in page["items"])
    assert reader.inbox(limit=2, cursor=page["next"])["items"][0]["id"] == first
