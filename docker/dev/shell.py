"""`make shell`: the operator's shell on the running platform."""

import os
import sys

from docker.dev.instance import Instance
from docker.dev.programs import python


def main() -> None:
    """Become the shell."""
    instance = Instance("run")
    if not instance.running():
        sys.exit("nothing runs: `make run` first, in another terminal")
    command = python("chassis.commands.shell")
    os.execve(command[0], command, {**os.environ, **instance.environment})  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
