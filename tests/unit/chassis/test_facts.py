"""Facts about the stack that decided something in the chassis, each shown by itself; those with a broker are in
tests/integration/chassis/test_facts.py.
"""

import os
from typing import Any

import pytest
import sqlalchemy
import yaml
from nameko.cli.main import setup_yaml_parser
from nameko.exceptions import deserialize, deserialize_to_instance, serialize


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read a line of YAML with a variable's value as Nameko's command line does."""

    def parsed(line: str, value: str | None = None) -> Any:
        monkeypatch.delenv("TEST_FACT", raising=False)
        if value is not None:
            monkeypatch.setenv("TEST_FACT", value)
        setup_yaml_parser()
        return yaml.safe_load(line)

    return parsed


def test_a_missing_variable_becomes_nothing_without_a_word(parsed: Any) -> None:
    assert "TEST_FACT" not in os.environ
    assert parsed("${TEST_FACT}") in {None, ""}


def test_values_are_read_as_yaml_again_unless_they_are_raw(parsed: Any) -> None:
    assert parsed("${TEST_FACT}", "0712") == 0o712
    assert parsed("${TEST_FACT}", "yes") is True
    assert parsed("!raw_env_var ${TEST_FACT}", "0712") == "0712"
    assert parsed("!raw_env_var ${TEST_FACT}", "yes") == "yes"


def test_a_quoted_variable_is_not_filled_in_unless_it_is_raw(parsed: Any) -> None:
    assert parsed('"x-${TEST_FACT}"', "1") == "x-${TEST_FACT}"
    assert parsed('!raw_env_var "x-${TEST_FACT}"', "1") == "x-1"


def test_an_exception_with_a_keyword_only_argument_breaks_in_the_callers_hands() -> None:
    @deserialize_to_instance
    class Odd(Exception):
        def __init__(self, *, why: str) -> None:
            super().__init__(why)

    with pytest.raises(TypeError):
        deserialize(serialize(Odd(why="because")))


def test_plain_postgresql_urls_mean_psycopg_3() -> None:
    url = sqlalchemy.make_url("postgresql://h/d")
    assert url.get_dialect().driver == "psycopg"
    assert sqlalchemy.make_url("postgresql+psycopg2://h/d").get_dialect().driver == "psycopg2"
