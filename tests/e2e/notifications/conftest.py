"""The database of users, for thousands of users at once."""

from collections.abc import Iterator

import pytest

from bench.data.users import UsersDatabase, users_database
from dev.platform.instance import Instance


@pytest.fixture
def users(platform: Instance) -> Iterator[UsersDatabase]:
    with users_database(platform.environment) as users:
        yield users
