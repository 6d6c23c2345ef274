"""The link in a mail, as mail providers press it and as people do."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from chassis.ids import new_id
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.metrics import metrics
from tests.e2e.support.person import Person, problem
from tests.e2e.support.vendors import mails_to

NewUser = Callable[..., Person]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # the body that mail providers send (RFC 8058, section 3.2)


@pytest.fixture
def reader(new_user: NewUser) -> Person:
    return new_user()


@pytest.fixture
def link(platform: Instance, new_user: NewUser, reader: Person) -> str:
    """Return the path of the link in the first mail to the reader."""
    new_user().writes("Karibu, the bench is open.")
    until(lambda: bool(mails_to(platform.environment, reader.email)), "the e-mail", 30)
    (mail,) = mails_to(platform.environment, reader.email)
    message = requests.get(f"{platform.environment['BARAZA_MAILBOX']}/messages/{mail['id']}", timeout=10).json()
    headers = dict(message["headers"])
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch("<(.+)>", headers["List-Unsubscribe"])
    assert address
    assert address[1] in message["text"]
    assert address[1] in message["html"]
    assert address[1].startswith(platform.environment["BARAZA_URL"])
    return address[1].removeprefix(platform.environment["BARAZA_URL"])


def channels(person: Person) -> list[str]:
    return list(person.get(f"/users/detail/{person.id}/").json()["notify_by"])


def test_one_click_unsubscribe_stops_emails(
    platform: Instance, new_user: NewUser, visitor: NewUser, reader: Person, link: str
) -> None:
    provider = visitor()
    for _ in range(2):
        reply = provider.ask("POST", link, data=ONE_CLICK)
        assert (reply.status_code, reply.content) == (204, b"")
    assert channels(reader) == ["realtime"]
    author = new_user()
    author.writes("Who gets this?")
    until(lambda: reader.inbox()["items"][0]["title"] == f"{author.name} posted", "the inbox", 15)
    notification = reader.inbox()["items"][0]["id"]
    assert reader.get(f"/notifications/detail/{notification}/").json()["deliveries"] == []
    assert len(mails_to(platform.environment, reader.email)) == 1


def test_unsubscribe_page_changes_nothing_until_it_is_confirmed(visitor: NewUser, reader: Person, link: str) -> None:
    person = visitor()
    asked = person.get(link, headers=BROWSER)
    assert (asked.status_code, asked.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<form method="post"><button>Switch e-mail off</button></form>' in asked.text
    assert asked.headers["Cache-Control"] == "no-store"
    assert person.ask("HEAD", link).status_code == 200
    assert channels(reader) == ["realtime", "email"]

    done = person.ask("POST", link, headers=BROWSER)
    assert (done.status_code, done.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "You are unsubscribed" in done.text
    assert channels(reader) == ["realtime"]


def test_unsubscribe_page_loads_nothing_and_posts_only_to_the_gateway(visitor: NewUser) -> None:
    reply = visitor().get(f"/unsubscribe/{new_id()}/", headers=BROWSER)
    rules = dict(rule.split(" ", 1) for rule in reply.headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["form-action"] == "'self'"
    assert reply.headers["Referrer-Policy"] == "no-referrer"  # the address is the secret
    assert "<script" not in reply.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("path", "status"), [("x/", 404), (f"{new_id()}/?channel=fax", 422)])
def test_incomplete_unsubscribe_link_is_rejected_as_html_or_json(
    visitor: NewUser, method: str, path: str, status: int
) -> None:
    person = visitor()
    problem(person.ask(method, f"/unsubscribe/{path}"), status)
    page = person.ask(method, f"/unsubscribe/{path}", headers=BROWSER)
    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


def test_unknown_unsubscribe_link_is_rejected_as_html_or_json(visitor: NewUser) -> None:
    person, path = visitor(), f"/unsubscribe/{new_id()}/"
    problem(person.post(path), 404)
    page = person.ask("POST", path, headers=BROWSER)
    assert page.status_code == 404
    assert "This link does not work" in page.text


def test_unsubscribe_request_is_rate_limited(visitor: NewUser) -> None:
    person = visitor()
    path = f"/unsubscribe/{new_id()}/"
    left = [int(person.ask(method, path).headers["X-RateLimit-Remaining"]) for method in ("GET", "POST")]
    assert left == [99, 98]


def test_unsubscribe_token_is_in_no_log_and_no_metric(platform: Instance, visitor: NewUser, link: str) -> None:
    person, token = visitor(), urlsplit(link).path.split("/")[2]
    person.get(link)
    person.ask("POST", link.partition("/?")[0], allow_redirects=False)  # without the slash it is redirected
    person.ask("POST", link)
    measured = metrics(platform.environment)
    assert 'route="unsubscribe"' in measured
    assert token not in measured
    logs = [file.read_text(encoding="utf-8", errors="replace") for file in (platform.directory / "log").rglob("*.log")]
    assert any("POST /unsubscribe/*** 204" in log for log in logs)
    assert not any(token in log for log in logs)
