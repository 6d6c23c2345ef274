"""What must hold of every list in pages: each item once, whatever is added while one reads."""

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# How one reads: the size of a page, and how many items are added before the next one is asked for.
STEPS = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3)), min_size=1, max_size=5)
# The fixtures are the same for all examples: what one has added, the next one finds.
WITH_REAL_SERVICES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def read_all(
    page: Callable[..., dict[str, Any]], add: Callable[[], str], steps: Sequence[tuple[int, int]]
) -> list[str]:
    """Read a list to its end; return the ids in the order of reading."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for limit, added in chain(steps, repeat((7, 0))):
        found = page(limit=limit, **cursor)
        assert len(found["items"]) <= limit
        seen += [item["id"] for item in found["items"]]
        if found["next"] is None:
            return seen
        for _ in range(added):
            add()
        cursor = {"cursor": found["next"]}
    raise AssertionError("unreachable")
