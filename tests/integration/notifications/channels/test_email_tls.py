"""E-mails over encrypted SMTP connections with a password."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from dev.machine.state import free_ports
from tests.integration.conftest import Until
from tests.integration.notifications.channels import smtp_server
from tests.integration.notifications.support import CreateDeliveries, Deliver, Rows, values
from tests.integration.notifications.users_service import Accounts


@pytest.fixture(params=["starttls", "tls"])
def received(
    request: pytest.FixtureRequest, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Run an SMTP server that requires encryption and a password; return the folder of its e-mails."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {"authority": tmp_path / "ca.pem", "certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
    authority.cert_pem.write_to_path(files["authority"])
    certificate.cert_chain_pems[0].write_to_path(files["certificate"])
    certificate.private_key_pem.write_to_path(files["key"])
    folder = tmp_path / "mails"
    folder.mkdir()
    port = free_ports(["smtp"])["smtp"]
    command = [sys.executable, smtp_server.__file__, port, request.param, files["certificate"], files["key"], folder]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE)  # noqa: S603 - our own program
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    except BaseException:
        process.kill()
        raise
    monkeypatch.setenv("SSL_CERT_FILE", str(files["authority"]))
    settings["notifications"]["email"] |= {
        "port": port,
        "host": "127.0.0.1",
        "security": request.param,
        "username": smtp_server.USER,
        "password": smtp_server.PASSWORD,
    }
    yield folder
    process.terminate()
    assert process.wait(10) == 0


def test_batch_is_sent_over_one_encrypted_connection(received: Path, accounts: Accounts, deliver: Deliver) -> None:
    users = [accounts.add(f"user{number}", "email") for number in range(5)]
    assert set(values(deliver("email", *users), "status")) == {"sent"}
    files = list(received.iterdir())
    assert len(files) == 5
    assert len({file.suffix for file in files}) == 1  # the number of the connection
    assert b"List-Id: Baraza" in files[0].read_bytes()


@pytest.mark.usefixtures("received")
@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"password": "wrong"}, "SMTP 535 5.7.8"), ({"host": "localhost"}, "SSLCertVerificationError")],
    ids=["wrong password", "certificate of another host"],
)
def test_failed_authentication_sends_nothing_and_costs_no_attempt(
    settings: dict[str, Any],
    accounts: Accounts,
    start_delivery: CreateDeliveries,
    rows: Rows,
    until: Until,
    wrong: dict[str, str],
    error: str,
) -> None:
    settings["notifications"]["email"] |= wrong
    start_delivery("email", accounts.add("ada", "email"))
    until(lambda: values(rows("deliveries"), "status", "attempts", "last_error") == [("pending", 0, error)])
