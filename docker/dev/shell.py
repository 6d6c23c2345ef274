"""`make shell`: Nameko's shell on the running platform, with `n.rpc.<service>.<method>(...)` as an operator."""

import os
import sys
from pathlib import Path

from docker.dev.instance import Instance

_STARTUP = Path(__file__).with_name("shell_startup.py")


def main() -> None:
    """Become the shell."""
    instance = Instance("run")
    if not instance.running():
        sys.exit("nothing runs: `make run` first, in another terminal")
    environment = {**os.environ, **instance.environment, "PYTHONSTARTUP": str(_STARTUP), "PYTHONWARNINGS": "ignore"}
    command = (sys.executable, "-m", "nameko", "shell", "--config", "config.yml")
    os.execve(command[0], command, environment)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
