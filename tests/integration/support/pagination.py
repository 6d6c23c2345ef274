"""Reads paginated lists to the end while items are added. Each item must be returned once."""

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# For each page: its limit, and the number of items that are added before the next request.
STEPS = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3)), min_size=1, max_size=5)
# All examples share the fixtures, so each one starts with the items that the others added.
WITH_REAL_SERVICES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def read_all(page: Callable[..., dict[str, Any]], add: Callable[[], str], steps: list[tuple[int, int]]) -> list[str]:
    """Read a list to the end, and return the ids in the order of reading."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    for limit, added in chain(steps, repeat((7, 0))):
        reply = page(limit=limit, **cursor)
        assert len(reply["items"]) <= limit
        ids += [item["id"] for item in reply["items"]]
        if reply["next"] is None:
            return ids
        for _ in range(added):
            add()
        cursor = {"cursor": reply["next"]}
    raise AssertionError("unreachable")
