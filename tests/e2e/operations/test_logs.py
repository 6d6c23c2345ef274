"""What the processes log at their start and while tests use them."""

import re

from dev.platform.instance import Instance


def test_processes_log_no_warnings_of_python(platform: Instance) -> None:
    text = "".join(file.read_text() for file in platform.log.glob("*.service.log"))
    text += (platform.log / "gateway.app.log").read_text()
    assert re.findall(r"^.*Warning: .*", text, re.MULTILINE) == []
