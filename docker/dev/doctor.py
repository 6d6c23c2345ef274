"""`make doctor`: what is wrong with the platform of `make run`, one line a finding."""

import os
import sys

from docker.dev.instance import DATABASE_OWNERS, Instance
from docker.dev.programs import python


def main() -> None:
    """Become the doctor."""
    instance = Instance("run")
    if not instance.running():
        sys.exit("nothing runs: `make run` first, in another terminal")
    command = python("chassis.commands.doctor", *DATABASE_OWNERS)
    os.execve(command[0], command, {**os.environ, **instance.environment})  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
