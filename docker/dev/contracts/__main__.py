"""`make contracts`: writes down what the wire of this version is; done once, when a version is released."""

import sys

from docker.dev.contracts import releases
from docker.dev.contracts.surface import surface


def main() -> int:
    """Return the exit code: a release is not written twice."""
    version = releases.version()
    try:
        path = releases.write(version, surface())
    except FileExistsError:
        print(f"{version} is released already; give setup.cfg the next version first", file=sys.stderr)
        return 1
    print(f"{path} is what {version} promises")
    return 0


if __name__ == "__main__":
    sys.exit(main())
