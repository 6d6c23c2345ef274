import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chassis import config
from chassis.config import MissingConfiguration, load

REPOSITORY = Path(__file__).parents[3]

SMALL = """
service_token_issuers: [users, feeds, gateway, operator]
url: !raw_env_var ${TEST_URL}
phone: !raw_env_var ${TEST_PHONE:0712}
answer: !raw_env_var ${TEST_ANSWER:yes}
number: ${TEST_NUMBER:5}
users: {database: {password: !raw_env_var "${TEST_USERS_PASSWORD}"}}
feeds: {list: ["${TEST_FEEDS_ITEM}"], plain: 1}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, object]]:
    path = tmp_path / "config.yml"
    path.write_text(SMALL)

    def small(*sections: str, **variables: str) -> dict[str, object]:
        for name in [name for name in os.environ if name.startswith("TEST_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load(*sections, path=path)

    return small


Small = Callable[..., dict[str, object]]


def test_a_missing_variable_stops_the_start_and_is_named(small: Small) -> None:
    with pytest.raises(MissingConfiguration, match="TEST_URL"):
        small()


def test_an_empty_variable_is_a_missing_one(small: Small) -> None:
    with pytest.raises(MissingConfiguration, match="TEST_URL"):
        small(TEST_URL="")


def test_all_missing_variables_are_named_at_once(small: Small) -> None:
    with pytest.raises(MissingConfiguration, match="TEST_FEEDS_ITEM, TEST_URL, TEST_USERS_PASSWORD"):
        small("users", "feeds")


def test_only_the_variables_of_the_asked_sections_are_required(small: Small) -> None:
    loaded = small("users", TEST_URL="u", TEST_USERS_PASSWORD="p")
    assert loaded["users"] == {"database": {"password": "p"}}
    assert "feeds" not in loaded


def test_defaults_stand_in(small: Small) -> None:
    assert small(TEST_URL="u")["number"] == 5
    assert small(TEST_URL="u", TEST_NUMBER="7")["number"] == 7


@pytest.mark.parametrize("value", ["0712", "yes", "no", "1e3", "null", "+254712", "{a: b}", "x#y", " spaced "])
def test_a_raw_value_stays_the_text_it_is(small: Small, value: str) -> None:
    loaded = small(TEST_URL=value, TEST_PHONE=value)
    assert (loaded["url"], loaded["phone"]) == (value, value)


def test_a_raw_default_stays_the_text_it_is(small: Small) -> None:
    loaded = small(TEST_URL="u")
    assert (loaded["phone"], loaded["answer"]) == ("0712", "yes")


def test_a_file_that_is_no_mapping_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("- 1")
    with pytest.raises(SystemExit, match="expected a mapping"):
        load(path=path)


def test_every_variable_of_the_house_appears_once() -> None:
    lines = (REPOSITORY / config.FILE).read_text().splitlines()
    settings = [line for line in lines if not line.startswith("#")]
    names = re.findall(r"\$\{([^}:\s]+)", "\n".join(settings))
    assert sorted(names) == sorted(set(names))


def test_no_other_file_of_the_house_reads_the_environment() -> None:
    rooms = ("chassis", "users", "feeds", "notifications")
    readers = {
        path.relative_to(REPOSITORY).as_posix()
        for room in rooms
        for path in (REPOSITORY / room).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    }
    assert readers <= {"chassis/config.py"}


def test_every_section_is_known_to_the_loader() -> None:
    text = (REPOSITORY / config.FILE).read_text()
    issuers = set(re.findall(r"\w+", re.findall(r"^service_token_issuers: \[(.*)\]", text, re.MULTILINE)[0]))
    keys = set(re.findall(r"^([a-z_]+):$", text, re.MULTILINE))
    assert keys - issuers == {"rpc", "retry"}


@pytest.mark.parametrize("setting", ["k1:short", "@/nowhere/at/all"])
def test_service_token_keys_that_cannot_be_used_stop_the_start(tmp_path: Path, setting: str) -> None:
    path = tmp_path / "config.yml"
    path.write_text(f"service_token_keys: '{setting}'\nservice_token_issuers: []\n")
    with pytest.raises(SystemExit, match=f"{path}: service_token_keys: "):
        load(path=path)
