"""The promises of past releases: a file each in docs/contracts/, a line for each request, reply and event."""

import configparser
import json
from pathlib import Path

from docker.dev.contracts.surface import Surface
from docker.dev.places import ROOT

FOLDER = ROOT / "docs" / "contracts"


def version() -> str:
    """Return the version of this tree."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser["metadata"]["version"]


def last() -> tuple[str, Surface]:
    """Return the newest release and its promises."""
    newest = max(FOLDER.glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")])
    surface: Surface = json.loads(newest.read_text(encoding="utf-8"))
    return newest.stem, surface


def write(name: str, promises: Surface) -> Path:
    """Keep a release's promises; raise FileExistsError if it has some."""
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(schema)}" for key, schema in promises.items())
    path = FOLDER / f"{name}.json"
    with path.open("x", encoding="utf-8") as file:
        file.write(f"{{\n{lines}\n}}\n")
    return path.relative_to(ROOT)
