"""Ports and secrets of an instance."""

import secrets
import socket
from itertools import chain
from pathlib import Path

import pytest

from dev import DevError
from dev.machine import files
from dev.machine.state import State, free_ports, is_free, require_free


def test_ports_are_different_and_below_the_ephemeral_range() -> None:
    ports = free_ports([str(number) for number in range(200)]).values()
    assert len(set(ports)) == 200
    assert all(20_000 <= port < 32_000 for port in ports)


def test_ports_are_chosen_again_if_one_is_in_use(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.choose_ports(["redis", "smtp"])
    with socket.create_server(("127.0.0.1", state.ports["smtp"])) as server:
        state.choose_ports(["redis", "smtp"])
        assert server.getsockname()[1] not in state.ports.values()


def test_ports_that_another_instance_has_chosen_are_not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "INSTANCES", tmp_path)
    first, second = State(tmp_path / "first"), State(tmp_path / "second")
    first.choose_ports(["redis", "smtp"])
    number, random = first.ports["smtp"] - 20_000, secrets.randbelow
    numbers = chain([number], iter(lambda: random(10_000), None))
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(numbers))
    second.choose_ports(["redis", "smtp"])
    assert not {*first.ports.values()} & {*second.ports.values()}


def test_port_in_use_is_an_error_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(DevError, match=rf"127.0.0.1:{port} .*choose another"):
            require_free("127.0.0.1", port, "choose another")
