"""Run a command: `python -m dev run`."""

import pkgutil
import signal
import sys

from dev import DevError

COMMANDS = {
    "run": "dev.commands.run:run",
    "restart": "dev.commands.restart:restart_all",
    "stop": "dev.commands.stop:stop",
    "clean": "dev.commands.stop:clean",
    "demo": "dev.commands.demo:demo",
    "doctor": "dev.commands.operator:doctor",
    "shell": "dev.commands.operator:shell",
    "monitor": "dev.commands.operator:monitor",
    "request-log": "dev.commands.request_log:request_log",
    "check": "dev.suite.commands:check",
    "try": "dev.suite.commands:try_one",
    "faults": "dev.suite.commands:faults",
    "test": "dev.suite.commands:suite",
    "tables": "dev.commands.tables:write_tables",
}


def main(name: str = "", *arguments: str) -> int:
    """Run a command and return its exit code. SIGINT, SIGTERM and SIGHUP interrupt it."""
    if name not in COMMANDS:
        print(f"usage: python -m dev {{{','.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return int(pkgutil.resolve_name(COMMANDS[name])(*arguments))
    except DevError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # as a shell does


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
