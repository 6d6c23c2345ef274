"""The services of the integration tests, all together."""

from tests.integration.conftest import (  # noqa: F401 - fixtures are found by name
    databases,
    listen,
    loaded_settings,
    pytest_configure,
    redis,
    rpc,
    settings,
    start,
)
