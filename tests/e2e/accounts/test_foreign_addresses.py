"""Accounts with addresses of other people: nothing but codes reaches these addresses."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from bench.data.deliveries import PostDeliveries
from dev.fakes.sms.rules import reachable_number
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.fakes import CODE_SUBJECT, TIMEOUT
from tests.e2e.support.operator import Operator

ACCOUNTS = 30
FORCED = 10  # of them get a notification whose sender chose e-mail and SMS
ASKED = 10  # of them ask for a code by SMS
LIMIT = 60  # seconds
CODE_TEXT = "confirms this phone number"


@pytest.fixture
def attackers(platform: Instance) -> Iterator[list[Client]]:
    """Make logged-in users who want all notifications at addresses that they did not verify."""

    def attacker(_number: int) -> Client:
        client = Client(platform.environment["BARAZA_URL"])
        client.register(phone=reachable_number(), notify_by=["realtime", "email", "sms"])
        client.login()
        return client

    with ThreadPoolExecutor(8) as pool:
        attackers = list(pool.map(attacker, range(ACCOUNTS)))
        yield attackers
        list(pool.map(Client.logout_and_close, attackers))


def messages(base: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(f"{base}/messages", timeout=TIMEOUT).json()
    return found


@pytest.mark.timeout(5 * LIMIT)
def test_foreign_addresses_and_numbers_get_codes_and_nothing_else(
    platform: Instance, attackers: list[Client], new_user: NewClient, new_staff: NewClient, operator: Operator
) -> None:
    emails, phones = {user.email for user in attackers}, {str(user.account["phone"]) for user in attackers}
    for user in attackers[:ASKED]:
        assert user.post("/verification/", {"channel": "sms"}).status_code == 202
    author, staff = new_user(notify_by=[]), new_staff(notify_by=[])
    posts = [PostDeliveries(platform.environment, author.create_post(f"spam {number}")["id"]) for number in range(2)]
    forced = {"message": "spam", "channels": ["email", "sms"]}
    sent = [staff.post("/send-notification/", forced | {"user_id": user.id}) for user in attackers[:FORCED]]
    assert {response.status_code for response in sent} == {202}
    for post in posts:
        until(lambda: post.progress().sent, "the deliveries of a post", LIMIT)  # noqa: B023
    operator("deliveries.retry", id=sent[0].json()["id"])

    def finished() -> bool:
        details = [operator("notifications.detail", id=response.json()["id"])["deliveries"] for response in sent]
        return all(delivery["due_at"] is None for deliveries in details for delivery in deliveries)

    until(finished, "the deliveries that the sender forced", LIMIT)
    mails, sms = platform.environment["BARAZA_MAILBOX"], platform.environment["BARAZA_SMS"]

    def received() -> Counter[str]:
        return Counter(mail["subject"] for mail in messages(mails) if emails & {*mail["to"]})

    def texts() -> list[str]:
        return [message["text"] for message in messages(sms) if message["number"] in phones]

    until(lambda: received()[CODE_SUBJECT] == ACCOUNTS and len(texts()) == ASKED, "all codes", LIMIT)
    assert received() == {CODE_SUBJECT: ACCOUNTS}
    assert [text for text in texts() if CODE_TEXT not in text] == []
    assert {user.inbox()["unread"] for user in attackers[FORCED:]} == {len(posts)}
