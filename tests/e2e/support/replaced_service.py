"""A process of a service with its own settings, in place of the platform's."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.config import service_of
from dev.machine import processes
from dev.machine.files import ROOT
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import process_variables
from tests.e2e.support.operator import Operator

LIMIT = 60  # seconds


@contextmanager
def replaced_service(platform: Instance, program: str, **settings: str) -> Iterator[None]:
    """Stop the processes of a program, such as users.service, and run one with these variables until the block ends."""
    own = process_variables(platform.environment, program) | {processes.MARKER: str(platform.directory)}
    environment = {**os.environ, **platform.environment, **own, **settings}
    command = (sys.executable, "-m", "chassis.runner", program)
    platform.control.stop(program)
    try:
        log = (platform.log / f"{program}-replaced.log").open("wb")
        with log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:  # noqa: S603 - ours
            try:
                until(lambda: _ping(platform, program), f"{program} to answer", LIMIT)
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(LIMIT)
    finally:
        platform.control.start(program)
        until(lambda: _ping(platform, program), f"{program} to answer again", LIMIT)


def _ping(platform: Instance, program: str) -> None:
    with Operator(platform.environment) as operator:
        operator(f"{service_of(program)}.ping")
