"""What a web process logs at its start."""

from dev.platform.instance import Instance
from tests.e2e.support.extra_gateway import extra_gateway, log_of


def test_web_process_logs_no_warnings_of_python_at_its_start(platform: Instance) -> None:
    with extra_gateway(platform) as url:
        pass
    text = log_of(platform, url)
    assert "Listening at" in text
    assert "Warning: " not in text
