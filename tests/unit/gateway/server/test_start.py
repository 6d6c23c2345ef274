"""The start of the web processes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chassis import config

ROOT = Path(__file__).parents[4]
LIMIT = 30  # seconds


@pytest.mark.parametrize("value", ["abc", "0", "1.5"])
def test_wrong_number_of_processes_ends_the_start_with_one_line(value: str) -> None:
    required = re.findall(r"\$\{([^}:\s]+)\}", (ROOT / config.FILE).read_text(encoding="utf-8"))
    variables = dict.fromkeys(required, "x") | {"AMQP_URI": "amqp://broker", "REDIS_URL": "redis://cache"}
    process = subprocess.run(
        (sys.executable, "-m", "gateway.server"),
        cwd=ROOT,
        env=os.environ | variables | {"WEB_CONCURRENCY": value},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert (process.returncode, process.stderr) == (
        1,
        "config.yml: WEB_CONCURRENCY must be a whole number, 1 or more\n",
    )
