"""The clocks of services differ by less than the deadline of a call: users are notified as if they did not."""

from collections.abc import Iterator

import pytest

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.operator import Operator
from tests.faults.support.hook_files import Hooks

LIMIT = 20  # seconds


@pytest.fixture(params=[-4, 4], ids=["behind", "ahead"])
def clock_of_feeds(hooks: Hooks, request: pytest.FixtureRequest) -> Iterator[None]:
    with hooks.clock("feeds.service", request.param):
        yield


def titles(user: Client) -> list[str]:
    return [item["message"] for item in user.inbox()["items"]]


@pytest.mark.usefixtures("clock_of_feeds")
def test_user_who_signs_in_just_before_a_post_is_notified_and_later_ones_are_not(new_user: NewClient) -> None:
    author, leaving = new_user(), new_user()
    leaving.post("/logout/")
    reader = new_user()
    author.create_post("Karibu")
    late = new_user()
    until(lambda: titles(reader) == ["Karibu"], "the notification", LIMIT)
    leaving.login()
    assert (titles(leaving), titles(late)) == ([], [])


@pytest.mark.parametrize("difference", [-4, 4])
def test_user_who_has_just_signed_in_gets_a_direct_notification(
    new_user: NewClient, platform: Instance, hooks: Hooks, difference: float
) -> None:
    staff = new_user()
    with Operator(platform.environment) as operator:
        operator.make_staff(staff.username)
    with hooks.clock("notifications.service", difference):
        reader = new_user()
        answer = staff.post("/send-notification/", {"user_id": reader.id, "message": "Chai?"})
    assert (answer.status_code, titles(reader)) == (202, ["Chai?"])
