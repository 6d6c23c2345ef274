"""The operator's shell, with its input from a pipe."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import make_url

from dev.platform.instance import Instance

Output = subprocess.CompletedProcess[str]


def run_shell(platform: Instance, *lines: str, **variables: str) -> Output:
    names = ("AMQP_URI", "SERVICE_TOKEN_KEYS")  # it needs no other variables
    own = {name: platform.environment[name] for name in names} | variables
    command = (sys.executable, "-m", "chassis.commands.shell")
    return subprocess.run(  # noqa: S603 - our own command
        command,
        input="\n".join(lines),
        env={"PATH": os.environ["PATH"], **own},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def output(platform: Instance) -> Output:
    return run_shell(platform, "n.rpc.users.ping()", 'help_rpc("users", "nothing")', 'n.rpc.feeds.detail(id="x")')


def test_shell_calls_as_an_operator_and_prints_results_and_errors(output: Output) -> None:
    assert "set_staff(username: " in output.stdout
    assert "nothing is not running" in output.stdout
    assert "Check id" in output.stderr
    assert output.returncode != 0  # the last call failed


def test_shell_rejects_an_argument_that_a_method_does_not_have(platform: Instance) -> None:
    failed = run_shell(platform, 'n.rpc.gateway.set_route("all-posts", enable=False)')
    assert (
        "set_route has no argument enable; it has name, enabled, target, rate, cache_seconds, deadline" in failed.stderr
    )
    assert failed.returncode != 0


def test_error_of_a_call_is_one_line_without_a_traceback(output: Output) -> None:
    assert "Traceback" not in output.stderr
    assert output.stderr.count("chassis.errors.Invalid: ") == 1


def test_call_to_an_unknown_service_is_one_line(platform: Instance) -> None:
    assert "Unknown service `nothing`" in (output := run_shell(platform, "n.rpc.nothing.ping()")).stderr
    assert "Traceback" not in output.stderr
    assert "during closing channel" not in output.stderr


def test_shell_does_not_print_the_password_of_the_broker(platform: Instance, output: Output) -> None:
    password = make_url(platform.environment["AMQP_URI"]).password
    assert password
    assert str(password) not in output.stdout + output.stderr


def test_shell_with_the_keys_of_a_service_does_not_start(platform: Instance) -> None:
    keys = platform.environment["BARAZA_FEEDS_TOKEN_KEYS"]
    assert "no private key of operator" in run_shell(platform, SERVICE_TOKEN_KEYS=keys).stderr
