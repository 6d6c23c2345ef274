"""Ports of an instance's own."""

import socket

import pytest

from docker.dev import ports


def test_every_name_gets_a_port_of_its_own_below_the_ephemeral_range() -> None:
    chosen = ports.choose(map(str, range(200)), {})
    assert len(set(chosen.values())) == 200
    assert all(20_000 <= port < 32_000 for port in chosen.values())


def test_a_remembered_port_is_kept_while_it_is_free() -> None:
    assert ports.choose(["redis"], {"redis": 21_000}, free=lambda _: True) == {"redis": 21_000}


def test_a_port_that_somebody_else_took_is_chosen_again() -> None:
    chosen = ports.choose(["redis", "smtp"], {"redis": 21_000, "smtp": 21_001}, free=lambda port: port != 21_000)
    assert chosen["redis"] != 21_000
    assert chosen["smtp"] == 21_001


def test_two_names_never_share_a_remembered_port() -> None:
    chosen = ports.choose(["redis", "smtp"], {"redis": 21_000, "smtp": 21_000}, free=lambda _: True)
    assert chosen["redis"] != chosen["smtp"]


def test_a_port_in_use_is_not_free_and_whoever_needs_it_is_told_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        with pytest.raises(ports.PortTakenError, match=rf"127.0.0.1:{port} .*take another"):
            ports.need("127.0.0.1", port, "take another")
    assert ports.is_free(port)
