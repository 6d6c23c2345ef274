"""Whole sets of private servers, side by side, and what is left of them when things die."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.dev import places, processes
from docker.dev.instance import Instance
from docker.dev.servers import checks
from docker.dev.sole import AlreadyRunsError, holder, owner
from docker.dev.waiting import until

OURS = {"PATH": os.environ["PATH"]}  # no variable that would replace a private server


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """Return an instance that nobody else uses, with its servers up; nothing of it stays."""
    instance = Instance(f"e2e-{os.getpid()}", OURS)
    try:
        instance.start_servers()
        yield instance
    finally:
        instance.delete()


def answers(instance: Instance) -> None:
    environment = instance.environment
    checks.rabbitmq(environment)
    checks.redis(environment)
    for prefix in ("POSTGRES", "GATEWAY_POSTGRES"):
        checks.database(environment, prefix)


def test_every_server_answers_as_the_platform_will_ask_it(instance: Instance) -> None:
    answers(instance)


def test_starting_what_runs_changes_nothing(instance: Instance) -> None:
    before = processes.marked(instance.directory)
    Instance(instance.name, OURS).start_servers()
    assert processes.marked(instance.directory) == before


@pytest.mark.parametrize("program", ["postgresql", "rabbitmq", "redis", "mailbox", "sms_simulator"])
def test_a_killed_server_comes_back_by_itself(instance: Instance, program: str) -> None:
    instance.control.kill(program)
    instance.control.wait_running(program)
    until(lambda: answers(instance), f"{program} to answer again", 60)


def test_a_stopped_server_stays_away_until_it_is_started(instance: Instance) -> None:
    instance.control.stop("redis")
    assert instance.control.pids("redis") == []
    with pytest.raises(Exception, match="refused"):
        checks.redis(instance.environment)
    instance.control.start("redis")
    checks.redis(instance.environment)


def test_a_paused_server_keeps_its_connections_and_says_nothing(instance: Instance) -> None:
    instance.control.pause("redis")
    with pytest.raises(Exception, match="Timeout"):
        checks.redis(instance.environment)
    instance.control.resume("redis")
    checks.redis(instance.environment)


def test_only_one_command_runs_an_instance_at_a_time(instance: Instance) -> None:
    with owner(instance.name):
        assert holder(instance.directory) == os.getpid()
        with pytest.raises(AlreadyRunsError, match=f"process {os.getpid()}"), owner(instance.name):
            pass
    assert holder(instance.directory) is None


def test_nothing_is_left_after_the_supervisor_was_killed_and_the_instance_stopped(instance: Instance) -> None:
    before = processes.marked(instance.directory)
    supervisor = int((instance.directory / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    Instance(instance.name, OURS).stop()
    assert len(before) > 5
    assert processes.marked(instance.directory) == set()


def test_an_instance_starts_again_with_the_same_ports_and_secrets(instance: Instance) -> None:
    before = instance.environment
    instance.start_servers()
    assert instance.environment == before
    answers(instance)


def test_the_files_with_secrets_are_for_their_owner_only(instance: Instance) -> None:
    for name in (
        "state.json",
        "environment",
        "service_token_keys",
        "supervisord.conf",
        "rabbitmq/rabbitmq.conf",
        "rabbitmq/definitions.json",
        "redis/redis.conf",
    ):
        assert (instance.directory / name).stat().st_mode & 0o077 == 0, name


def test_a_directory_of_another_account_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(places.ForeignDirectoryError, match="belongs to user"):
        places.own(tmp_path)
