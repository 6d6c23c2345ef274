"""The operator's shell: `python -m chassis.commands.shell`. It needs AMQP_URI and the operator's SERVICE_TOKEN_KEYS.

It is Nameko's shell; `n.rpc.<service>.<method>(...)` calls as an operator, `help_rpc()` lists all methods.
"""

import os
import sys
from pathlib import Path

_STARTUP = Path(__file__).with_name("shell_startup.py")


def main() -> None:
    """Replace this process by Nameko's shell."""
    os.putenv("PYTHONSTARTUP", str(_STARTUP))
    os.putenv("PYTHONWARNINGS", "ignore")
    command = (sys.executable, "-m", "nameko", "shell", "--config", "config.yml")
    os.execv(command[0], command)  # noqa: S606 - it needs no system shell


if __name__ == "__main__":
    main()
