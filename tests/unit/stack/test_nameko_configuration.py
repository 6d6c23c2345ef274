"""How Nameko's command line parses YAML; chassis.config does it the same way."""

import argparse
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from nameko.cli import show_config
from nameko.cli.main import setup_yaml_parser


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Parse a line of YAML like Nameko's command line, with a value for the variable TEST_FACT."""

    def parse(line: str, value: str | None = None) -> Any:
        monkeypatch.delenv("TEST_FACT", raising=False)
        if value is not None:
            monkeypatch.setenv("TEST_FACT", value)
        setup_yaml_parser()
        return yaml.safe_load(line)

    return parse


def test_missing_variable_silently_becomes_none(parse: Any) -> None:
    assert "TEST_FACT" not in os.environ
    assert parse("${TEST_FACT}") in {None, ""}


def test_values_are_parsed_as_yaml_unless_they_are_raw(parse: Any) -> None:
    assert parse("${TEST_FACT}", "0712") == 0o712
    assert parse("${TEST_FACT}", "yes") is True
    assert parse("!raw_env_var ${TEST_FACT}", "0712") == "0712"
    assert parse("!raw_env_var ${TEST_FACT}", "yes") == "yes"


def test_show_config_prints_every_secret(parse: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yml"
    file.write_text("password: !raw_env_var ${TEST_FACT}")
    parse("", "a secret")
    show_config.main(argparse.Namespace(config=str(file)))
    assert "a secret" in capsys.readouterr().out
