"""Loads config.yml for Nameko, Flask, alembic and tests.

The variable of a value `${NAME}` is required, that of `${NAME:default}` is optional. Each process loads the common
part and the sections of its own services; variables of other sections are not required.
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
    """Ends the process with the names of the missing variables."""

    def __init__(self, names: Iterable[str], path: Path) -> None:
        super().__init__(f"{path}: set the environment variable(s) {', '.join(sorted(names))}")


def load(*sections: str, path: str | Path = FILE) -> dict[str, Any]:
    """Return the common part and the named sections, with variables replaced by their values.

    Raises MissingConfiguration for required variables, and SystemExit for invalid service token keys.
    """
    path = Path(path)
    setup_yaml_parser()
    loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    document = loader.get_single_node()
    if not isinstance(document, yaml.MappingNode):
        raise SystemExit(f"{path}: expected a mapping")
    unwanted = service_names(document) - set(sections)
    document.value = [(key, node) for key, node in document.value if key.value not in unwanted]
    missing = {name for name in _required(document) if not os.environ.get(name)}
    if missing:
        raise MissingConfiguration(missing, path)
    config: dict[str, Any] = loader.construct_document(document)
    if "service_token_keys" in config:
        _check_keys(config, path)
    return config


def service_names(document: yaml.MappingNode) -> set[str]:
    """Return the names in `service_token_issuers`; a section with one of these names is for that service only."""
    issuers = [node.value for key, node in document.value if key.value == "service_token_issuers"]
    return {name.value for name in issuers[0]} if issuers else set()


def _check_keys(config: dict[str, Any], path: Path) -> None:
    try:
        keyring.from_config(config)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from None


def _required(node: yaml.Node) -> Iterator[str]:
    """Yield the names of the variables without a default."""
    if isinstance(node, yaml.ScalarNode):
        yield from _REQUIRED.findall(node.value)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _required(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _required(item)
