"""Private servers of an instance, and what is left of them after a crash."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import DevError
from dev.machine import files, lock, processes
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.servers import databases

OURS = {"PATH": os.environ["PATH"]}  # no variable that would replace a private server


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """Start the servers of an instance of its own; delete it in the end."""
    instance = Instance(f"e2e-{os.getpid()}", OURS)
    try:
        instance.start_servers()
        yield instance
    finally:
        instance.delete()


def check(instance: Instance) -> None:
    environment = instance.environment
    databases.check_rabbitmq(environment)
    databases.check_redis(environment)
    for prefix in databases.PREFIXES:
        databases.check_database(environment, prefix)


def pids(instance: Instance) -> set[int]:
    return {process.pid for process in processes.marked(instance.directory)}


def test_second_start_changes_nothing(instance: Instance) -> None:
    before = pids(instance)
    check(instance)
    Instance(instance.name, OURS).start_servers()
    assert pids(instance) == before


@pytest.mark.parametrize("program", ["postgresql", "rabbitmq", "redis", "mailbox", "sms_simulator"])
def test_killed_server_is_restarted(instance: Instance, program: str) -> None:
    instance.control.kill(program)
    instance.control.wait_running(program)
    until(lambda: check(instance), f"{program} to answer again", 60)


def test_stopped_server_stays_stopped_until_it_is_started(instance: Instance) -> None:
    instance.control.stop("redis")
    try:
        assert instance.control.pids("redis") == []
        with pytest.raises(Exception, match="refused"):
            databases.check_redis(instance.environment)
    finally:
        instance.control.start("redis")
    check(instance)


def test_paused_server_keeps_its_connections_and_does_not_answer(instance: Instance) -> None:
    instance.control.pause("redis")
    try:
        with pytest.raises(Exception, match="Timeout"):
            databases.check_redis(instance.environment)
    finally:
        instance.control.resume("redis")
    check(instance)


def test_only_one_command_at_a_time_runs_an_instance(instance: Instance) -> None:
    with lock.hold(instance.directory):
        assert lock.holder(instance.directory) == os.getpid()
        with pytest.raises(DevError, match=f"process {os.getpid()}"), lock.hold(instance.directory):
            pass
    assert lock.holder(instance.directory) is None


def test_stop_kills_orphans_of_a_killed_supervisord_and_nothing_else(instance: Instance) -> None:
    before = pids(instance)
    other = {**os.environ, processes.MARKER: f"{instance.directory}2"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=other) as neighbour:
        os.kill(int((instance.directory / "supervisord.pid").read_text()), signal.SIGKILL)
        Instance(instance.name, OURS).stop()
        assert neighbour.poll() is None
        neighbour.communicate(b"\n")
    assert len(before) > 5
    assert pids(instance) == set()


def test_next_start_has_the_same_ports_and_secrets(instance: Instance) -> None:
    before = instance.environment
    instance.start_servers()
    assert instance.environment == before
    check(instance)


def test_only_the_owner_can_read_files_with_secrets(instance: Instance) -> None:
    private = ("state.json", "environment", "keys/feeds", "supervisord.conf")
    for name in (*private, "rabbitmq/rabbitmq.conf", "rabbitmq/definitions.json", "redis/redis.conf"):
        assert (instance.directory / name).stat().st_mode & 0o077 == 0, name


def test_directory_of_another_account_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(DevError, match="belongs to user"):
        files.require_owned(tmp_path)
