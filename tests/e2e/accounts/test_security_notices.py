"""Owners get an e-mail about what concerns the security of their account."""

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, NewClient
from tests.e2e.support.fakes import TIMEOUT, mails_to


def test_sign_in_on_a_new_device_is_mailed_although_all_channels_are_off(
    new_user: NewClient, new_client: NewClient, platform: Instance
) -> None:
    owner, other = new_user(notify_by=[]), new_client()
    login = {"username": owner.username, "password": PASSWORD}
    response = other.post("/login/", login, headers={"User-Agent": "other/1.0"})
    assert response.status_code == 200
    until(lambda: bool(mails_to(platform.environment, owner.email)), "the mail", TIMEOUT)
    (mail,) = mails_to(platform.environment, owner.email)
    message = requests.get(f"{platform.environment['BARAZA_MAILBOX']}/messages/{mail['id']}", timeout=TIMEOUT).json()
    assert "on a new device" in message["text"]
    assert other.ip_address in message["text"]
    assert "other/1.0" in message["text"]
    assert "List-Unsubscribe" not in dict(message["headers"])
