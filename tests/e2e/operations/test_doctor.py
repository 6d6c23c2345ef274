"""The findings of `make doctor`."""

import os
import re
import subprocess
import sys
from pathlib import Path

from dev.commands.restart import serving_again
from dev.platform.instance import Instance
from dev.platform.programs import DATABASE_OWNERS


def run_doctor(platform: Instance, **variables: str) -> tuple[int, list[str]]:
    """Run the doctor with some variables changed; return its exit code and its output by line."""
    command = (sys.executable, "-m", "chassis.commands.doctor", *DATABASE_OWNERS)
    environment = {**os.environ, **platform.environment, **variables, "PYTHONWARNINGS": "ignore"}
    result = subprocess.run(  # noqa: S603  our own command
        command, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    return result.returncode, (result.stdout + result.stderr).splitlines()


def finding(lines: list[str], title: str) -> str:
    return lines[[line.strip() for line in lines].index(title) + 1].strip()


def test_healthy_platform_has_no_findings(platform: Instance) -> None:
    code, lines = run_doctor(platform)
    assert code == 0, lines
    assert {line.split()[-1] for line in lines} == {"ok"}


def test_finding_has_a_remedy(platform: Instance, tmp_path: Path) -> None:
    empty = f"sqlite:///{tmp_path}/feeds.sqlite3"
    with serving_again(platform, "notifications.service"):
        platform.control.stop("notifications.service")
        try:
            code, lines = run_doctor(platform, REDIS_URL="redis://127.0.0.1:9/0", FEEDS_DB_URI=empty)
        finally:
            platform.control.start("notifications.service")
    assert code == 1
    assert "correct REDIS_URL" in finding(lines, "Redis")
    expected = r"it is at revision None, and the code needs \d{4}: python -m chassis.commands.migrate feeds"
    assert re.fullmatch(expected, finding(lines, "database of feeds"))
    assert finding(lines, "queues of notifications").endswith("on_account_erased: start notifications")
    assert "is its process running?" in finding(lines, "service notifications")
    assert any(line.split() == ["service", "users", "ok"] for line in lines)


def test_missing_variable_is_named(platform: Instance) -> None:
    code, lines = run_doctor(platform, POSTGRES_PASSWORD="")
    assert code == 1
    assert "POSTGRES_PASSWORD" in lines[-1]
