"""SIGALRM, with which the runner ends a process that hangs."""

import signal
import subprocess
import sys

ALARM = "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()"


def test_sigalrm_without_a_handler_ends_the_process() -> None:
    assert subprocess.run([sys.executable, "-c", ALARM], check=False).returncode == -signal.SIGALRM  # noqa: S603
