"""Where the response to a request is cached: its name, and the versions of its cache tags as the guard read them."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The Redis key of a response; `number` grows in the order in which this process reads versions from Redis."""

    name: str
    redis_key: str
    tag_versions: Mapping[str, str]
    number: int = field(default_factory=lambda: next(_numbers))
