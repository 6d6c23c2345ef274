"""A thief with the password changes address and password; the owner restores the address and is in again."""

import re
from urllib.parse import urlsplit

import pytest
import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, Client, NewClient
from tests.e2e.support.fakes import SETS_PASSWORD, TIMEOUT, mails_to, wait_for_code
from tests.e2e.support.frames import close_code, receive
from tests.e2e.support.logs import logs_with
from tests.e2e.support.responses import check_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OF_THIEF, OF_OWNER = "the password of the thief", "the owner is back again"


def texts(platform: Instance, email: str) -> list[str]:
    mailbox = platform.environment["BARAZA_MAILBOX"]
    mails = mails_to(platform.environment, email)
    return [requests.get(f"{mailbox}/messages/{mail['id']}", timeout=TIMEOUT).json()["text"] for mail in mails]


def restore_link(platform: Instance, email: str) -> str:
    """Wait for the mail about the change; return path and query of its link."""
    pattern = re.compile(r"https?://\S+/restore-address/\?token=\S+")
    until(lambda: bool(pattern.search("\n".join(texts(platform, email)))), "the mail with the link", TIMEOUT)
    found = pattern.search("\n".join(texts(platform, email)))
    assert found
    return found[0].removeprefix(platform.environment["BARAZA_URL"])


@pytest.fixture
def owner(new_user: NewClient) -> Client:
    return new_user()


@pytest.fixture
def thief(owner: Client, new_client: NewClient, platform: Instance) -> Client:
    """Sign in with the owner's password, and change address and password."""
    thief = new_client()
    login = thief.post("/login/", {"username": owner.username, "password": PASSWORD})
    thief.token = login.json()["token"]
    until(lambda: any("on a new device" in text for text in texts(platform, owner.email)), "the notice", TIMEOUT)
    change = {"email": thief.email, "password": OF_THIEF, "current_password": PASSWORD}
    assert thief.put("/update-account/", change).status_code == 200
    check_problem(owner.get("/sessions/"), 401)
    return thief


def test_owner_restores_the_address_sets_a_password_and_the_thief_is_out(
    owner: Client, thief: Client, new_client: NewClient, platform: Instance
) -> None:
    websocket = thief.connect()
    assert receive(websocket)["type"] == "ready"
    link, browser = restore_link(platform, owner.email), new_client()

    page = browser.get(link, headers=BROWSER)
    assert page.status_code == 200
    assert '<form method="post"><button>Restore the address</button></form>' in page.text
    assert thief.get("/sessions/").status_code == 200  # GET changes nothing

    done = browser.request("POST", link, headers=BROWSER)
    assert done.status_code == 200
    assert "Your address is restored" in done.text
    assert "new one" in done.text
    assert close_code(websocket) == 1008
    check_problem(thief.get("/sessions/"), 401)
    for password in (PASSWORD, OF_THIEF):
        check_problem(new_client().post("/login/", {"username": owner.username, "password": password}), 401)
    until(lambda: any("was restored" in text for text in texts(platform, owner.email)), "the mail about it", TIMEOUT)

    assert browser.post("/password-reset/", {"username": owner.username}).status_code == 202
    code = wait_for_code(platform.environment, owner.email, SETS_PASSWORD)
    reset = {"username": owner.username, "code": code, "password": OF_OWNER}
    assert browser.post("/password-reset/confirm/", reset).status_code == 204
    response = browser.post("/login/", {"username": owner.username, "password": OF_OWNER})
    assert response.status_code == 200
    assert response.json()["user"]["email"] == owner.email

    again = browser.request("POST", link, headers=BROWSER)
    assert (again.status_code, "This link does not work" in again.text) == (404, True)
    check_problem(browser.post(link), 404)
    assert not any("restore" in text for text in texts(platform, thief.email))


def test_token_is_in_no_log(owner: Client, thief: Client, new_client: NewClient, platform: Instance) -> None:
    link, browser = restore_link(platform, owner.email), new_client()
    token = urlsplit(link).query.removeprefix("token=")
    browser.get(link)
    assert browser.post(link).status_code == 204
    last = thief.get("/sessions/")
    check_problem(last, 401)
    logs = logs_with(platform, last)
    assert "POST /restore-address/" in logs
    assert token not in logs


def test_incomplete_link_is_rejected_as_html_or_json(new_client: NewClient) -> None:
    client = new_client()
    for method in ("GET", "POST"):
        check_problem(client.request(method, "/restore-address/"), 422)
        assert (
            client.request(method, "/restore-address/", headers=BROWSER).headers["Content-Type"].startswith("text/html")
        )
    check_problem(client.post("/restore-address/?token=x"), 404)


@pytest.mark.parametrize("query", ["", "?token=", "?token=abc", "?token=%00"])
def test_browser_gets_the_page_of_a_link_that_does_not_work(new_client: NewClient, query: str) -> None:
    response = new_client().post(f"/restore-address/{query}", headers=BROWSER)
    assert response.status_code in {404, 422}
    assert "This link does not work" in response.text
