"""The fixtures of the integration tests."""

from tests.integration.conftest import (  # noqa: F401 - pytest finds fixtures by name
    databases,
    listen,
    loaded_settings,
    pytest_configure,
    redis,
    rpc,
    settings,
    start,
)
