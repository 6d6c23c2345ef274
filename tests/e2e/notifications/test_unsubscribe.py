"""The unsubscribe link of a mail, for mail providers (RFC 8058) and for browsers."""

import re
from urllib.parse import urlsplit

import pytest
import requests

from chassis.ids import new_id
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.fakes import TIMEOUT, mails_to
from tests.e2e.support.logs import logs_with
from tests.e2e.support.metrics import gateway_metrics
from tests.e2e.support.responses import check_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # the body that mail providers send (RFC 8058, section 3.2)
HTML = "text/html; charset=utf-8"


@pytest.fixture
def reader(new_user: NewClient) -> Client:
    return new_user()


@pytest.fixture
def link(platform: Instance, new_user: NewClient, reader: Client) -> str:
    """Return the path of the unsubscribe link in the reader's first mail."""
    new_user().create_post("Karibu, the bench is open.")
    until(lambda: bool(mails_to(platform.environment, reader.email)), "the mail", 30)
    (mail,) = mails_to(platform.environment, reader.email)
    message = requests.get(f"{platform.environment['BARAZA_MAILBOX']}/messages/{mail['id']}", timeout=TIMEOUT).json()
    headers = dict(message["headers"])
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch("<(.+)>", headers["List-Unsubscribe"])
    assert address
    assert address[1] in message["text"]
    assert address[1] in message["html"]
    assert address[1].startswith(platform.environment["BARAZA_URL"])
    return address[1].removeprefix(platform.environment["BARAZA_URL"])


def channels(user: Client) -> list[str]:
    return list(user.get(f"/users/detail/{user.id}/").json()["notify_by"])


def test_one_click_unsubscribe_stops_emails(
    platform: Instance, new_user: NewClient, new_client: NewClient, reader: Client, link: str
) -> None:
    provider = new_client()
    for _ in range(2):
        response = provider.request("POST", link, data=ONE_CLICK)
        assert (response.status_code, response.content) == (204, b"")
    assert channels(reader) == ["realtime"]
    author = new_user()
    author.create_post("after unsubscribing")
    until(lambda: reader.inbox()["items"][0]["title"] == f"{author.username} posted", "the inbox", 30)
    notification = reader.inbox()["items"][0]["id"]
    assert reader.get(f"/notifications/detail/{notification}/").json()["deliveries"] == []
    assert len(mails_to(platform.environment, reader.email)) == 1


def test_unsubscribe_page_changes_nothing_until_it_is_confirmed(
    new_client: NewClient, reader: Client, link: str
) -> None:
    browser = new_client()
    form = browser.get(link, headers=BROWSER)
    assert (form.status_code, form.headers["Content-Type"]) == (200, HTML)
    assert '<form method="post"><button>Switch e-mail off</button></form>' in form.text
    assert form.headers["Cache-Control"] == "no-store"
    assert browser.request("HEAD", link).status_code == 200
    assert channels(reader) == ["realtime", "email"]

    done = browser.request("POST", link, headers=BROWSER)
    assert (done.status_code, done.headers["Content-Type"]) == (200, HTML)
    assert "You are unsubscribed" in done.text
    assert channels(reader) == ["realtime"]


def test_unsubscribe_page_loads_nothing_and_posts_only_to_the_gateway(new_client: NewClient) -> None:
    response = new_client().get(f"/unsubscribe/{new_id()}/", headers=BROWSER)
    rules = dict(rule.split(" ", 1) for rule in response.headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["form-action"] == "'self'"
    assert response.headers["Referrer-Policy"] == "no-referrer"  # the URL is a secret
    assert "<script" not in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("path", "status"), [("x/", 404), (f"{new_id()}/?channel=fax", 422)], ids=["token", "channel"])
def test_incomplete_unsubscribe_link_is_rejected_as_html_or_json(
    new_client: NewClient, method: str, path: str, status: int
) -> None:
    client = new_client()
    check_problem(client.request(method, f"/unsubscribe/{path}"), status)
    html = client.request(method, f"/unsubscribe/{path}", headers=BROWSER)
    assert (html.status_code, html.headers["Content-Type"]) == (status, HTML)
    assert "This link does not work" in html.text


def test_unknown_unsubscribe_link_is_rejected_as_html_or_json(new_client: NewClient) -> None:
    client, path = new_client(), f"/unsubscribe/{new_id()}/"
    check_problem(client.post(path), 404)
    html = client.request("POST", path, headers=BROWSER)
    assert html.status_code == 404
    assert "This link does not work" in html.text


def test_unsubscribe_request_is_rate_limited(new_client: NewClient) -> None:
    client = new_client()
    path = f"/unsubscribe/{new_id()}/"
    remaining = [int(client.request(method, path).headers["X-RateLimit-Remaining"]) for method in ("GET", "POST")]
    assert remaining == [99, 98]


def test_unsubscribe_token_is_in_no_log_and_no_metric(platform: Instance, new_client: NewClient, link: str) -> None:
    client, token = new_client(), urlsplit(link).path.split("/")[2]
    client.get(link)
    client.request("POST", link.partition("/?")[0], allow_redirects=False)  # without the slash it is redirected
    last = client.request("POST", link)
    metrics = gateway_metrics(platform.environment)
    assert 'route="unsubscribe"' in metrics
    assert token not in metrics
    logs = logs_with(platform, last)
    assert "POST /unsubscribe/*** 204" in logs
    assert token not in logs
