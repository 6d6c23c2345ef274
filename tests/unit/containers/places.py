"""What the tests of images and of compose read."""

import configparser
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("users", "feeds", "notifications", "gateway")
IMAGES = (*SERVICES, "fakes")

_VARIABLE = re.compile(r"\$\{(\w+)(:)?")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def setup() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def release() -> str:
    return setup()["metadata"]["version"]


def compose() -> dict[str, Any]:
    """Read it as it stands: Nameko has SafeLoader fill in variables, once anybody in the process has asked for that."""
    found: dict[str, Any] = yaml.load(text("docker/compose.yml"), yaml.CSafeLoader)
    return found


def variables(section: str) -> dict[str, bool]:
    """Return what a service's processes read from the environment, and whether each is required."""
    document: Any = yaml.compose(text("config.yml"), yaml.SafeLoader)
    nodes = [value for key, value in document.value if key.value not in {*SERVICES} - {section}]
    found: dict[str, bool] = {}
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.ScalarNode):
            found |= {name: not optional for name, optional in _VARIABLE.findall(node.value)}
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        else:
            nodes += [value for _, value in node.value]
    return found
