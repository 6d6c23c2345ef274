"""eventlet: its deprecation warning, and its DNS resolver."""

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

PRINT_RESOLVER = "import eventlet; eventlet.monkey_patch(); import socket; print(socket.getaddrinfo.__module__)"


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    return subprocess.run(  # noqa: S603 - our own command
        command, env=inherited | environment, capture_output=True, text=True, check=True
    )


def test_import_warns_of_deprecation_and_a_variable_disables_its_resolver() -> None:
    patched = python("-c", PRINT_RESOLVER)
    assert "Eventlet is deprecated" in patched.stderr
    assert patched.stdout == "eventlet.support.greendns\n"
    assert python("-c", PRINT_RESOLVER, EVENTLET_NO_GREENDNS="yes").stdout == "socket\n"


def test_processes_of_the_chassis_do_not_print_the_warning() -> None:
    assert python("-m", "chassis.runner", "--help").stderr == ""


def name_server(sock: Any, addresses: list[str]) -> None:
    """Reply to each query with the next address and a TTL of ten minutes."""
    for address in addresses:
        packet, client = sock.recvfrom(512)
        reply = dns.message.make_response(dns.message.from_wire(packet))
        reply.answer.append(dns.rrset.from_text(reply.question[0].name, 600, "IN", "A", address))
        sock.sendto(reply.to_wire(), client)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_resolver_caches_an_address_for_its_ttl() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    serving = eventlet.spawn(name_server, sock, ["10.0.0.1", "10.0.0.2"])
    proxy = greendns.ResolverProxy(filename=io.StringIO("nameserver 127.0.0.1"))
    proxy._resolver.port = sock.getsockname()[1]  # noqa: SLF001 - resolv.conf has no ports

    def resolve() -> list[str]:
        with eventlet.Timeout(5):
            return [str(address) for address in proxy.query("broker.test.")]

    assert [resolve(), resolve()] == [["10.0.0.1"], ["10.0.0.1"]]
    proxy._resolver.cache.flush()  # noqa: SLF001 - then the next address
    assert resolve() == ["10.0.0.2"]
    serving.wait()
    sock.close()
