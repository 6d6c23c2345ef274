import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chassis import config
from chassis.config import MissingConfiguration, load

REPOSITORY = Path(__file__).parents[3]
LoadSample = Callable[..., dict[str, object]]

SAMPLE = """
service_token_issuers: [users, feeds, gateway, operator]
url: !raw_env_var ${TEST_URL}
phone: !raw_env_var ${TEST_PHONE:0712}
answer: !raw_env_var ${TEST_ANSWER:yes}
number: ${TEST_NUMBER:5}
users: {database: {password: !raw_env_var "${TEST_USERS_PASSWORD}"}}
feeds: {list: ["${TEST_FEEDS_ITEM}"], plain: 1}
"""


@pytest.fixture
def load_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadSample:
    path = tmp_path / "config.yml"
    path.write_text(SAMPLE)

    def load_sample(*sections: str, **variables: str) -> dict[str, object]:
        for name in [name for name in os.environ if name.startswith("TEST_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load(*sections, path=path)

    return load_sample


@pytest.mark.parametrize("variables", [{}, {"TEST_URL": ""}], ids=["missing", "empty"])
def test_all_missing_variables_are_named(load_sample: LoadSample, variables: dict[str, str]) -> None:
    with pytest.raises(MissingConfiguration, match="TEST_FEEDS_ITEM, TEST_URL, TEST_USERS_PASSWORD"):
        load_sample("users", "feeds", **variables)


def test_only_variables_of_the_loaded_sections_are_required(load_sample: LoadSample) -> None:
    loaded = load_sample("users", TEST_URL="u", TEST_USERS_PASSWORD="p")
    assert loaded["users"] == {"database": {"password": "p"}}
    assert "feeds" not in loaded


def test_default_is_used_for_a_missing_variable_and_parsed_unless_it_is_raw(load_sample: LoadSample) -> None:
    loaded = load_sample(TEST_URL="u")
    assert (loaded["number"], loaded["phone"], loaded["answer"]) == (5, "0712", "yes")
    assert load_sample(TEST_URL="u", TEST_NUMBER="7")["number"] == 7


@pytest.mark.parametrize("value", ["0712", "yes", "no", "1e3", "null", "+254712", "{a: b}", "x#y", " spaced "])
def test_raw_value_is_not_parsed_as_yaml(load_sample: LoadSample, value: str) -> None:
    loaded = load_sample(TEST_URL=value, TEST_PHONE=value)
    assert (loaded["url"], loaded["phone"]) == (value, value)


ACCEPTS = """
accepts:
  COUNT: 1
  SECONDS: 0.5
  MODE: [open, "off"]
  PORT: 0
  RATE: '[1-9][0-9]*/hour'
  LIST: ["true", "false"]
  AGE: &age {(): tests.unit.chassis.test_config.read_age}
  OTHER_AGE: *age
count: ${COUNT:5}
seconds: ${SECONDS:5}
bytes: ${BYTES:5}
switch: ${SWITCH:false}
mode: !raw_env_var ${MODE:open}
bind: !raw_env_var ${HOST:127.0.0.1}:${PORT:8000}
budget: ${BUDGET:}
rate: !raw_env_var ${RATE:}
list: !raw_env_var ${LIST:true}
ages: [!raw_env_var "${AGE:1y}", !raw_env_var "${OTHER_AGE:}"]
"""


def read_age(text: str) -> int:
    if not text.endswith("y"):
        raise ValueError("must end with y")
    return int(text.removesuffix("y"))


@pytest.fixture
def load_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadSample:
    path = tmp_path / "config.yml"
    path.write_text(ACCEPTS)

    def load_checked(**variables: str) -> dict[str, object]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load(path=path)

    return load_checked


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("COUNT", "0", "a whole number, 1 or more"),
        ("COUNT", "1.5", "a whole number, 1 or more"),
        ("COUNT", "many", "a whole number, 1 or more"),
        ("COUNT", "true", "a whole number, 1 or more"),
        ("COUNT", "[", "a whole number, 1 or more"),
        ("SECONDS", "0.4", "a number, 0.5 or more"),
        ("SECONDS", ".nan", "a number, 0.5 or more"),
        ("SECONDS", ".inf", "a number, 0.5 or more"),
        ("BYTES", "-1", "a number, 0 or more"),
        ("BYTES", "1MiB", "a number, 0 or more"),
        ("SWITCH", "flase", "one of true, false"),
        ("SWITCH", "1", "one of true, false"),
        ("MODE", "opne", "one of open, off"),
        ("PORT", "http", "a whole number, 0 or more"),
        ("RATE", "5/hour ", "a text that matches [1-9][0-9]*/hour"),
        ("LIST", "yes", "one of true, false"),
    ],
)
def test_invalid_value_stops_the_start_with_the_name_of_its_variable(
    load_checked: LoadSample, name: str, value: str, expected: str
) -> None:
    with pytest.raises(SystemExit, match=re.escape(f"config.yml: {name} must be {expected}") + "$"):
        load_checked(**{name: value})


@pytest.mark.parametrize("name", ["AGE", "OTHER_AGE"])
def test_value_that_its_function_rejects_stops_the_start_with_the_reason(load_checked: LoadSample, name: str) -> None:
    with pytest.raises(SystemExit, match=f"config.yml: {name} must end with y$"):
        load_checked(**{name: "1"})


def test_all_invalid_values_are_named(load_checked: LoadSample) -> None:
    with pytest.raises(SystemExit, match=r"COUNT must be .*; MODE must be"):
        load_checked(COUNT="x", MODE="x")


def test_valid_values_are_accepted(load_checked: LoadSample) -> None:
    loaded = load_checked(
        COUNT="1", SECONDS="0.5", BYTES="0", SWITCH="yes", MODE="off", PORT="0", BUDGET="", RATE="5/hour", AGE="2y"
    )
    assert [loaded[name] for name in ("count", "seconds", "bytes", "switch")] == [1, 0.5, 0, True]
    assert [loaded[name] for name in ("mode", "bind", "budget")] == ["off", "127.0.0.1:0", None]
    assert (loaded["rate"], loaded["ages"]) == ("5/hour", ["2y", ""])


def test_empty_value_of_a_checked_variable_counts_as_not_set(load_checked: LoadSample) -> None:
    loaded = load_checked(COUNT="", SWITCH="", MODE="", PORT="", HOST="")
    assert [loaded[name] for name in ("count", "switch", "mode", "bind")] == [5, False, "open", ":8000"]


def test_variables_in_accepts_exist() -> None:
    text = (REPOSITORY / config.FILE).read_text()
    names = re.findall(r"^  ([A-Z_0-9]+):", text.partition("\naccepts:\n")[2].partition("\n\n")[0], re.MULTILINE)
    assert len(names) > 20
    assert set(names) <= set(re.findall(r"\$\{([^}:\s]+)", text))


def test_variable_of_an_owner_replaces_the_common_one_for_this_owner_only(
    load_sample: LoadSample, tmp_path: Path
) -> None:
    assert load_sample(TEST_URL="common", ORDERS__TEST_URL="own")["url"] == "common"
    assert load(path=tmp_path / "config.yml", owner="orders")["url"] == "own"
    assert load(path=tmp_path / "config.yml", owner="users")["url"] == "common"


def test_every_variable_is_read_once() -> None:
    lines = (REPOSITORY / config.FILE).read_text().splitlines()
    settings = [line for line in lines if not line.startswith("#")]
    names = re.findall(r"\$\{([^}:\s]+)", "\n".join(settings))
    assert sorted(names) == sorted(set(names))


def test_no_other_module_reads_the_environment() -> None:
    packages = ("chassis", "users", "feeds", "notifications")
    readers = {
        path.relative_to(REPOSITORY).as_posix()
        for package in packages
        for path in (REPOSITORY / package).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    }
    assert readers <= {"chassis/config/loader.py"}


def test_every_section_belongs_to_a_service_or_to_all() -> None:
    text = (REPOSITORY / config.FILE).read_text()
    issuers = set(re.findall(r"\w+", re.findall(r"^service_token_issuers: \[(.*)\]", text, re.MULTILINE)[0]))
    keys = set(re.findall(r"^([a-z_]+):$", text, re.MULTILINE))
    assert keys - issuers == {"rpc", "retry", "events", "tracing", "accepts"}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("- 1", "expected a mapping"),
        ("service_token_keys: 'k1:short'\nservice_token_issuers: []\n", "service_token_keys: "),
        (f"service_token_keys: 'k1:{'x' * 32}'\nservice_token_issuers: []\n", "no clock_skew, events, postgresql, "),
        ("service_token_keys: '@/nowhere/at/all'\nservice_token_issuers: []\n", "service_token_keys: "),
    ],
)
def test_invalid_file_is_rejected_with_its_path(tmp_path: Path, content: str, error: str) -> None:
    path = tmp_path / "config.yml"
    path.write_text(content)
    with pytest.raises(SystemExit, match=f"{path}: .*{error}"):
        load(path=path)
