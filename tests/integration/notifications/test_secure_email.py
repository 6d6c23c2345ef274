"""Mails over encrypted connections, with a password, to a server that takes them in no other way."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from nameko.runners import ServiceRunner

from dev.machine.state import free_ports
from notifications.deliveries import DeliveriesService
from tests.integration.notifications import secure_smtp
from tests.integration.notifications.conftest import Order, Rows, Settled, Until
from tests.integration.notifications.people import People, UsersService

Start = Callable[..., ServiceRunner]


@pytest.fixture(params=["starttls", "tls"])
def server(
    request: pytest.FixtureRequest, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Run it, tell the service of it, and return the folder of its mails."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {"authority": tmp_path / "ca.pem", "certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
    authority.cert_pem.write_to_path(files["authority"])
    certificate.cert_chain_pems[0].write_to_path(files["certificate"])
    certificate.private_key_pem.write_to_path(files["key"])
    mails = tmp_path / "mails"
    mails.mkdir()
    port = free_ports(["smtp"])["smtp"]
    words = [sys.executable, secure_smtp.__file__, port, request.param, files["certificate"], files["key"], mails]
    process = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE)  # noqa: S603 - a program of ours
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    monkeypatch.setenv("SSL_CERT_FILE", str(files["authority"]))
    settings["notifications"]["email"] |= {
        "port": port,
        "host": "127.0.0.1",
        "security": request.param,
        "username": secure_smtp.USER,
        "password": secure_smtp.PASSWORD,
    }
    yield mails
    process.terminate()
    assert process.wait(10) == 0


def test_many_mails_go_out_over_one_connection(
    server: Path, people: People, start: Start, order: Order, settled: Settled
) -> None:
    start(UsersService, DeliveriesService)
    order("email", *(people.add(f"user{number}", "email") for number in range(5)))
    assert {delivery["status"] for delivery in settled()} == {"sent"}
    mails = list(server.iterdir())
    assert len(mails) == 5
    assert len({mail.suffix for mail in mails}) == 1
    assert b"List-Id: Baraza" in mails[0].read_bytes()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("mistake", "error"),
    [({"password": "wrong"}, "SMTP 535 5.7.8"), ({"host": "localhost"}, "SSLCertVerificationError")],
    ids=["a wrong password", "a certificate of somebody else"],
)
def test_a_server_that_is_not_ours_or_does_not_know_us_gets_no_mail_and_costs_no_attempt(  # noqa: PLR0913, PLR0917
    settings: dict[str, Any],
    people: People,
    start: Start,
    order: Order,
    rows: Rows,
    until: Until,
    mistake: dict[str, str],
    error: str,
) -> None:
    settings["notifications"]["email"] |= mistake
    start(UsersService, DeliveriesService)
    order("email", people.add("ada", "email"))
    until(lambda: [(one["status"], one["last_error"]) for one in rows("deliveries")] == [("pending", error)])
    assert [one["attempts"] for one in rows("deliveries")] == [0]
