"""The operator's shell: `python -m chassis.commands.shell`, wherever AMQP_URI and SERVICE_TOKEN_KEYS are set.

It is Nameko's own, with `n.rpc.<service>.<method>(...)` as an operator and `help_rpc()`.
"""

import os
import sys
from pathlib import Path

_STARTUP = Path(__file__).with_name("shell_startup.py")


def main() -> None:
    """Become the shell."""
    os.putenv("PYTHONSTARTUP", str(_STARTUP))
    os.putenv("PYTHONWARNINGS", "ignore")
    command = (sys.executable, "-m", "nameko", "shell", "--config", "config.yml")
    os.execv(command[0], command)  # noqa: S606 - no shell of the system is wanted


if __name__ == "__main__":
    main()
