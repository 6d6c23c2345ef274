"""The contracts of past releases, in docs/contracts. `make contracts` stores those of this version."""

import json
import sys

from packaging.version import Version

from tests.unit.containers.project import ROOT, version
from tests.unit.contracts.surface import Surface, surface

FOLDER = ROOT / "docs" / "contracts"


def last() -> tuple[str, Surface]:
    """Return the newest release and its contracts."""
    newest = max(FOLDER.glob("*.json"), key=lambda path: Version(path.stem))
    released: Surface = json.loads(newest.read_text(encoding="utf-8"))
    return newest.stem, released


def main() -> int:
    """Write a line for each schema; return 1 if this version is released already, or will not be."""
    file = FOLDER / f"{version()}.json"
    if file.exists() or Version(version()).is_devrelease:
        reason = "is released already" if file.exists() else "is not the version of a release"
        print(f"{version()} {reason}: give setup.cfg the next version first", file=sys.stderr)  # noqa: T201
        return 1
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(schema)}" for key, schema in surface().items())
    file.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
