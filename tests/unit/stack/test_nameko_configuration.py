"""How Nameko's command line reads YAML, which chassis.config does like it."""

import argparse
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from nameko.cli import show_config
from nameko.cli.main import setup_yaml_parser


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


def test_show_config_prints_every_secret(parsed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yml"
    file.write_text("password: !raw_env_var ${TEST_FACT}")
    parsed("", "a secret")
    show_config.main(argparse.Namespace(config=str(file)))
    assert "a secret" in capsys.readouterr().out
