"""The SMS simulator, called by Africa's Talking's own SDK."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pytest
import requests
from africastalking.Service import AfricasTalkingException
from africastalking.SMS import SMSService

from dev.machine.waiting import until

Start = Callable[..., tuple[str, int]]
KEY = "a key that only this test knows"
AMINA, BRIAN = "+254711000001", "+254711000002"


@pytest.fixture
def simulator(start: Start) -> str:
    return start("sms")[0]


def service(url: str, key: str = KEY) -> Any:
    """Return the SDK's service, with the simulator's base URL."""
    sms = SMSService("sandbox", key)
    sms._baseUrl = f"{url}/version1"  # noqa: SLF001  the SDK has no setting for it
    return sms


def send(url: str, *numbers: str, text: str = "Habari", **options: Any) -> dict[str, Any]:
    answer = service(url).send(text, list(numbers), **options)
    data: dict[str, Any] = answer["SMSMessageData"]
    return data


def listed(url: str, **query: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = requests.get(f"{url}/messages", params=query, timeout=5).json()
    return entries


def test_sdk_reads_a_status_for_each_recipient(simulator: str) -> None:
    data = send(simulator, AMINA, BRIAN, sender_id="BARAZA")
    assert data["Message"] == "Sent to 2/2 Total Cost: KES 1.6000"
    assert [(each["number"], each["statusCode"], each["status"]) for each in data["Recipients"]] == [
        (AMINA, 101, "Success"),
        (BRIAN, 101, "Success"),
    ]
    assert data["Recipients"][0]["messageId"].startswith("ATXid_")


def test_sent_messages_are_listed_and_deleted(simulator: str) -> None:
    send(simulator, AMINA, BRIAN, text="Chai iko tayari: čaj & more", sender_id="BARAZA")
    (entry,) = listed(simulator, to=BRIAN)
    assert (entry["text"], entry["sender"]) == ("Chai iko tayari: čaj & more", "BARAZA")
    requests.delete(f"{simulator}/messages", timeout=5)
    assert listed(simulator) == []


def test_number_that_asks_for_an_error_is_rejected_beside_another(simulator: str) -> None:
    data = send(simulator, "+254711000406", AMINA)
    assert [each["status"] for each in data["Recipients"]] == ["UserInBlacklist", "Success"]
    assert data["Message"] == "Sent to 1/2 Total Cost: KES 0.8000"


def test_wrong_key_is_rejected_with_the_vendors_text(simulator: str) -> None:
    with pytest.raises(AfricasTalkingException, match="The supplied authentication is invalid"):
        service(simulator, key="wrong").send("Habari", [AMINA])
    assert listed(simulator) == []


def test_client_that_does_not_ask_for_json_gets_xml(simulator: str) -> None:
    form = {"username": "sandbox", "to": AMINA, "message": "Habari"}
    answer = requests.post(f"{simulator}/version1/messaging", form, headers={"apiKey": KEY}, timeout=5)
    assert answer.status_code == 201
    assert ET.fromstring(answer.text).findtext("SMSMessageData/Recipients/Recipient/number") == AMINA  # noqa: S314  from our own process


class Customer:
    """Receives what the vendor posts; `errors` are the statuses of its first responses."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.errors: list[int] = []
        customer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                status = customer.errors.pop() if customer.errors else 204
                if status == 204:
                    customer.forms.append(form)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def received(self, count: int) -> list[dict[str, str]]:
        """Wait for so many forms."""
        until(lambda: len(self.forms) >= count, "what the vendor posts", 10)
        return self.forms


@pytest.fixture
def customer() -> Iterator[Customer]:
    customer = Customer()
    with customer.server:
        threading.Thread(target=customer.server.serve_forever, daemon=True).start()
        yield customer
        customer.server.shutdown()


@pytest.fixture
def reporting(start: Start, customer: Customer) -> str:
    """Return a simulator that knows its customer's address."""
    address = f"http://127.0.0.1:{customer.server.server_port}/sms-report/"
    return start("sms", AFRICASTALKING_CALLBACK_URL=address)[0]


def test_delivery_reports_go_to_the_callback_address(reporting: str, customer: Customer) -> None:
    data = send(reporting, AMINA, "+254711001001", "+254711000406")
    first, second = customer.received(2)
    assert first == {
        "id": data["Recipients"][0]["messageId"],
        "status": "Success",
        "phoneNumber": AMINA,
        "networkCode": "63902",
    }
    assert (second["status"], second["failureReason"]) == ("Failed", "AbsentSubscriber")


def test_report_is_sent_again_until_it_is_accepted(reporting: str, customer: Customer) -> None:
    customer.errors = [503]
    send(reporting, AMINA)
    assert [one["status"] for one in customer.received(1)] == ["Success"]
    until(lambda: listed(reporting)[0]["report"] == "Success", "the report to be stored", 10)


def test_opt_out_is_posted_to_the_customer(reporting: str, customer: Customer) -> None:
    answer = requests.post(f"{reporting}/opt-out", {"phoneNumber": AMINA, "senderId": "BARAZA"}, timeout=5)
    assert answer.text == "the customer answered 204"
    assert customer.forms == [{"senderId": "BARAZA", "phoneNumber": AMINA}]


def test_page_shows_messages_without_running_them(simulator: str) -> None:
    assert "No message yet" in requests.get(simulator, timeout=5).text
    send(simulator, AMINA, text="<script>alert(1)</script>")
    page = requests.get(simulator, timeout=5).text
    assert AMINA in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
