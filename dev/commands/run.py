"""`make run`: run the platform until Ctrl-C or `make stop`."""

import os
import signal
import sys
from contextlib import suppress
from urllib.parse import urlsplit

from dev import DevError
from dev.machine import lock
from dev.machine.files import ROOT, render
from dev.machine.processes import last_lines
from dev.machine.state import require_free
from dev.machine.waiting import step
from dev.platform import readiness
from dev.platform.control import ERRORS
from dev.platform.instance import Instance


def run() -> int:
    """Return the exit code: 0 if it was stopped, 1 if supervisord died."""
    instance = Instance("run", quiet=False)
    with lock.hold(instance.directory):
        print(f"Baraza, in {instance.directory}")
        instance.stop()  # what a killed start has left
        host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
        require_free(host, port, "choose another one, such as `PORT=8001 make run`")
        try:
            instance.start()
            print(summary(instance), flush=True)
            return _watch(instance)
        except KeyboardInterrupt:
            return 0
        except DevError:
            _print_failures(instance)
            raise
        finally:
            lock.ignore_interrupts()
            with step("stop"):
                instance.stop()


def _print_failures(instance: Instance) -> None:
    """Print the last log lines of every program that should run and does not."""
    for status in instance.control.statuses() if instance.running() else ():
        file = instance.log / f"{status.name}.log"
        if status.state not in {"RUNNING", "STOPPED"} and file.exists():
            print(f"\n  {file}:\n{last_lines(file)}", file=sys.stderr)


def _watch(instance: Instance) -> int:
    """Wait for the end of supervisord, and report crash loops meanwhile."""
    crash_loops = readiness.CrashLoops()
    while (code := instance.control.wait(2)) is None:
        with suppress(*ERRORS):  # it may end at any time
            for name in crash_loops.update(instance.control.statuses()):
                print(f"  {name} fails again and again, see {instance.log}/{name}.log", flush=True)
    print("\nstopped" if code == 0 else f"\nsupervisord died ({signal.strsignal(-code) or code})")
    return int(code != 0)


def summary(instance: Instance) -> str:
    """Return the addresses of a running instance, and what to try. It has no password: terminals are recorded."""
    unset = {"BARAZA_MAILBOX": "", "BARAZA_SMS": "", "BARAZA_ERRORS": "", "VERIFICATION": ""}
    environment = unset | instance.environment
    management = urlsplit(environment.get("BARAZA_RABBITMQ_MANAGEMENT", "")).port
    directory = instance.directory.relative_to(ROOT)
    return render("summary.txt", environment=environment, rabbitmq=management, directory=directory)
