"""Loads config.yml: one function for Nameko, Flask, alembic and tests.

A value written `${NAME}` is required, `${NAME:default}` is not. Whoever loads says which sections it needs,
and only their variables are asked for.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from nameko.cli.main import setup_yaml_parser

from chassis.auth import keyring

FILE = "config.yml"
_REQUIRED = re.compile(r"\$\{([^}:\s]+)\}")


class MissingConfiguration(SystemExit):
    """Stops the start and says which variables are missing."""

    def __init__(self, names: Iterable[str], path: Path) -> None:
        super().__init__(f"{path}: set the environment variable(s) {', '.join(sorted(names))}")


def load(*sections: str, path: str | Path = FILE) -> dict[str, Any]:
    """Return the configuration with its variables filled in.

    Only the common part and the named sections are kept. Raises MissingConfiguration, and SystemExit for service
    token keys that cannot be used: whoever starts needs them.
    """
    path = Path(path)
    setup_yaml_parser()
    loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    document = loader.get_single_node()
    if not isinstance(document, yaml.MappingNode):
        raise SystemExit(f"{path}: expected a mapping")
    others = service_names(document) - set(sections)
    document.value = [(key, node) for key, node in document.value if key.value not in others]
    missing = {name for name in _required(document) if not os.environ.get(name)}
    if missing:
        raise MissingConfiguration(missing, path)
    config: dict[str, Any] = loader.construct_document(document)
    if "service_token_keys" in config:
        _check_keys(config, path)
    return config


def service_names(document: yaml.MappingNode) -> set[str]:
    """Return the names in `service_token_issuers`; a section with one of these names belongs to that service alone."""
    found = [node.value for key, node in document.value if key.value == "service_token_issuers"]
    return {name.value for name in found[0]} if found else set()


def _check_keys(config: dict[str, Any], path: Path) -> None:
    try:
        keyring.from_config(config)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from None


def _required(node: yaml.Node) -> Iterator[str]:
    """Yield the names of the variables that have no default."""
    if isinstance(node, yaml.ScalarNode):
        yield from _REQUIRED.findall(node.value)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _required(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _required(item)
