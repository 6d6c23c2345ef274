"""The kernel's alarm."""

import signal
import subprocess
import sys

ALARM = "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()"


def test_an_alarm_that_nobody_handles_ends_a_process() -> None:
    assert subprocess.run([sys.executable, "-c", ALARM], check=False).returncode == -signal.SIGALRM  # noqa: S603
