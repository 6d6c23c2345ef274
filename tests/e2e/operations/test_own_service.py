"""A service outside the repository, as docs/howto/service.md builds it."""

import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.machine.files import ROOT
from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient

STEPS, _, REMOVAL = (ROOT / "docs/howto/service.md").read_text(encoding="utf-8").partition("## Remove it")
LIMIT = 100  # seconds; four Python processes start one after the other


def blocks(language: str, page: str) -> str:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", page, re.MULTILINE | re.DOTALL)
    return "\n".join(textwrap.dedent(block) for _, block in found)


def script(platform: Instance, *commands: str) -> list[str]:
    return ["/bin/bash", "-euc", "\n".join(commands).replace(".run/run/", f".run/{platform.name}/")]


@pytest.fixture
def log(tmp_path: Path, platform: Instance) -> Iterator[Path]:
    """Run the service of the page in a folder beside the checkout, then remove it as the page says; return its log."""
    (tmp_path / "baraza").symlink_to(ROOT)
    package = tmp_path / "board" / "board"
    package.mkdir(parents=True)
    (package / "service.py").write_text(blocks("python", STEPS), encoding="utf-8")
    set_up = blocks("bash", STEPS)
    (run,) = re.findall(r"^ *\$ (python .*)$", STEPS, re.MULTILINE)
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the commands of our own page
            script(platform, set_up, f"exec {run}"), cwd=tmp_path, stdout=output, stderr=output
        )
    yield log
    process.terminate()
    process.wait(LIMIT)
    print(log.read_text(encoding="utf-8"))  # noqa: T201 - shown if the test fails
    subprocess.run(  # noqa: S603 - as above
        script(platform, set_up, blocks("bash", REMOVAL)), cwd=tmp_path, check=True, timeout=LIMIT
    )


def test_own_service_as_documented_receives_a_post(log: Path, new_user: NewClient) -> None:
    until(lambda: "board.service is ready" in log.read_text(encoding="utf-8"), "the service", LIMIT)
    post = new_user().create_post("Karibu!")
    until(lambda: f"announced {post['id']}: Karibu!" in log.read_text(encoding="utf-8"), "the post", LIMIT)
