"""Users who write and read posts."""

from functools import partial

import pytest

from tests.e2e.support.client import NewClient


@pytest.fixture
def new_user(new_user: NewClient) -> NewClient:
    """Make users who get no mail."""
    return partial(new_user, notify_by=[])
