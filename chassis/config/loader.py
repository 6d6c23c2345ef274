"""Loads config.yml for Nameko, Flask, alembic and tests.

The variable of a value `${NAME}` is required, that of `${NAME:default}` is optional. Each process loads the common
part and the sections of its own services; variables of other sections are not required. A variable whose default is a
number or true or false takes such values only; the section `accepts` has limits, and what other variables take.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from chassis.auth import keyring
from chassis.config.accepted import Check, check_like, check_of, needs_of

FILE = "config.yml"
_COMMON = {"clock_skew", "events", "postgresql", "retry", "rpc"}  # sections that every process reads
_REQUIRED = re.compile(r"\$\{([^}:\s]+)\}")
_VARIABLE = re.compile(r"\$\{([^}:\s]+):?([^}]*)\}")
_RAW = "!raw_env_var"


class _Loader(yaml.SafeLoader):
    """Replaces variables as `nameko run` does; its loader imports pkg_resources: 160 ms and 5 MB in each process."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        super().__init__(text)
        self._variables = variables

    def replace_variables(self, node: yaml.ScalarNode) -> str:
        """Return the text with variables replaced, and parsed no further: `!raw_env_var`."""
        return _VARIABLE.sub(lambda found: self._variables.get(found[1], found[2]), node.value)

    def parse_replaced(self, node: yaml.ScalarNode) -> Any:
        """Return the value that the text with variables replaced stands for."""
        return yaml.safe_load(self.replace_variables(node))


_Loader.add_constructor(_RAW, _Loader.replace_variables)
_Loader.add_constructor("!env_var", _Loader.parse_replaced)
_Loader.add_implicit_resolver("!env_var", re.compile(r".*\$\{.*\}"), None)


class MissingConfiguration(SystemExit):
    """Ends the process with the names of the missing variables."""

    def __init__(self, names: Iterable[str], path: Path) -> None:
        super().__init__(f"{path}: set the environment variable(s) {', '.join(sorted(names))}")


def load(*sections: str, path: str | Path = FILE, owner: str = "") -> dict[str, Any]:
    """Return the common part and the named sections, with variables replaced by their values.

    For the owner `orders`, the variable `ORDERS__AMQP_URI` replaces AMQP_URI: so services that share a process keep
    their own RabbitMQ users and keys.

    Raises MissingConfiguration for required variables, and SystemExit for invalid values.
    """
    path = Path(path)
    variables = _variables(owner)
    loader = _Loader(path.read_text(encoding="utf-8"), variables)
    document = loader.get_single_node()
    if not isinstance(document, yaml.MappingNode):
        raise SystemExit(f"{path}: expected a mapping")
    unwanted = service_names(document) - set(sections)
    document.value = [(key, node) for key, node in document.value if key.value not in unwanted]
    nodes = [*_scalars(document)]
    missing = {name for node in nodes for name in _REQUIRED.findall(node.value) if not variables.get(name)}
    if missing:
        raise MissingConfiguration(missing, path)
    accepts = [loader.construct_object(node, deep=True) for key, node in document.value if key.value == "accepts"]
    if wrong := [*_invalid_values(nodes, variables, accepts[0] if accepts else {})]:
        raise SystemExit(f"{path}: {'; '.join(wrong)}")
    config: dict[str, Any] = loader.construct_document(document)
    if "service_token_keys" in config:
        _check_keys(config, path)
        _check_sections(config, path)
    return config


def _variables(owner: str) -> dict[str, str]:
    """Return the environment variables as they are for an owner."""
    prefix = f"{owner.upper()}__"
    own = {name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)}
    return {**os.environ, **own}


def service_of(module: str) -> str:
    """Return the service whose process a module is: orders for orders.service, mailer for orders.mailer."""
    package, _, name = module.partition(".")
    return package if name in {"service", "app"} else name


def service_names(document: yaml.MappingNode) -> set[str]:
    """Return the names in `service_token_issuers`; a section with one of these names is for that service only."""
    issuers = [node.value for key, node in document.value if key.value == "service_token_issuers"]
    return {name.value for name in issuers[0]} if issuers else set()


def _check_keys(config: dict[str, Any], path: Path) -> None:
    try:
        keyring.from_config(config)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from None


def _check_sections(config: dict[str, Any], path: Path) -> None:
    """Reject the file of an earlier version, which would end in a KeyError anywhere."""
    if missing := sorted(_COMMON - config.keys()):
        raise SystemExit(
            f"{path}: no {', '.join(missing)}: take the file of this version and repeat your changes in it"
        )


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)


def _invalid_values(
    nodes: Iterable[yaml.ScalarNode], variables: dict[str, str], accepts: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is wrong with values. Removes empty values that are checked, so that their variables have defaults."""
    for node in nodes:
        for name, default in _VARIABLE.findall(node.value):
            check = _check(node, name, default, accepts)
            if check is None:
                continue
            if variables.get(name) == "":
                del variables[name]
            if name in variables:
                yield from _errors(name, check, needs_of(accepts.get(name)), variables)


def _errors(name: str, check: Check, needs: Iterable[str], variables: Mapping[str, str]) -> Iterator[str]:
    try:
        check(variables[name])
    except ValueError as error:
        yield f"{name} {error}"
    if missing := [other for other in needs if not variables.get(other)]:
        yield f"{name} needs {' and '.join(missing)}"


def _check(node: yaml.ScalarNode, name: str, default: str, accepts: Mapping[str, Any]) -> Check | None:
    if name in accepts:
        return check_of(accepts[name])
    return None if node.tag == _RAW else check_like(yaml.safe_load(default))
