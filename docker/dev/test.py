"""`make test`: every check and test, against private servers that start before and end after them."""

import sys

from docker.dev.environment import for_tests
from docker.dev.errors import EXPECTED
from docker.dev.instance import Instance
from docker.dev.running import run_all, summarise
from docker.dev.signals import interruptible, uninterrupted
from docker.dev.sole import owner
from docker.dev.steps import Steps
from docker.dev.suite import CHECKS, TESTS

_NAME = "test"
_INTERRUPTED = 130  # as shells say it


def main() -> int:
    """Return the exit code: 0 only if every step passed."""
    interruptible()
    try:
        with owner(_NAME):
            return _test(Instance(_NAME, for_tests(), Steps()))
    except EXPECTED as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return _INTERRUPTED


def _test(instance: Instance) -> int:
    print(f"Baraza's tests, in {instance.directory}")
    try:
        instance.delete()  # what the last run left behind: tests start from nothing
        instance.start_servers()
        environment = {**for_tests(), **instance.environment, "BARAZA_TEST_INSTANCE": _NAME}
        results = run_all((*CHECKS, *TESTS), environment)
    finally:
        with uninterrupted(), Steps().step("stop"):
            instance.stop()
    return summarise(results)


if __name__ == "__main__":
    sys.exit(main())
