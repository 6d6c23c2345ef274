"""eventlet: its announcement, and its resolver."""

import io
import os
import subprocess
import sys
from typing import Any

import dns.message
import dns.rrset
import eventlet
import pytest
from eventlet.green import socket
from eventlet.support import greendns

WHICH = "import eventlet; eventlet.monkey_patch(); import socket; print(socket.getaddrinfo.__module__)"


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    return subprocess.run(  # noqa: S603 - our own command
        command, env=inherited | environment, capture_output=True, text=True, check=True
    )


def test_it_announces_its_end_at_every_import_and_can_be_told_to_leave_the_resolver_alone() -> None:
    patched = python("-c", WHICH)
    assert "Eventlet is deprecated" in patched.stderr
    assert patched.stdout == "eventlet.support.greendns\n"
    assert python("-c", WHICH, EVENTLET_NO_GREENDNS="yes").stdout == "socket\n"


def test_a_process_of_ours_does_not_repeat_the_announcement() -> None:
    assert python("-m", "chassis.runner", "--help").stderr == ""


def name_server(sock: Any, addresses: list[str]) -> None:
    """Answer each question with the next address, which may be kept for ten minutes."""
    for address in addresses:
        packet, client = sock.recvfrom(512)
        answer = dns.message.make_response(dns.message.from_wire(packet))
        answer.answer.append(dns.rrset.from_text(answer.question[0].name, 600, "IN", "A", address))
        sock.sendto(answer.to_wire(), client)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_its_resolver_remembers_an_address_for_as_long_as_the_name_server_says() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    serving = eventlet.spawn(name_server, sock, ["10.0.0.1", "10.0.0.2"])
    proxy = greendns.ResolverProxy(filename=io.StringIO("nameserver 127.0.0.1"))
    proxy._resolver.port = sock.getsockname()[1]  # noqa: SLF001 - resolv.conf knows no ports

    def ask() -> list[str]:
        with eventlet.Timeout(5):
            return [str(address) for address in proxy.query("broker.test.")]

    assert [ask(), ask()] == [["10.0.0.1"], ["10.0.0.1"]]
    proxy._resolver.cache.flush()  # noqa: SLF001 - the server has another one
    assert ask() == ["10.0.0.2"]
    serving.wait()
    sock.close()
