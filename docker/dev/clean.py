"""`make clean`: stop every instance and forget all of it, the parts outside the project too."""

import sys

from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.places import INSTANCES
from docker.dev.steps import Steps
from docker.dev.stop import stop


def main() -> int:
    """Return the exit code."""
    try:
        for directory in sorted(INSTANCES.glob("*/state.json")):
            instance = Instance(directory.parent.name)
            with Steps().step(f"delete {instance.name}"):
                stop(instance)
                instance.delete()
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
