"""The settings of exports."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# A lease is renewed after each page, so it must be longer than the call that reads one.
CALLS_IN_A_LEASE = 2


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """The section `gateway.exports` of config.yml; times without a unit are in seconds."""

    keep: timedelta
    per_day: int
    page: int
    pages: int
    pause: float
    lease: float
    retry: float
    absent: float
    give_up: timedelta


def from_config(config: dict[str, Any]) -> ExportSettings:
    """Read the section of config.yml."""
    section = config["gateway"]["exports"]
    return ExportSettings(
        keep=timedelta(days=section["keep"]),
        per_day=section["per_day"],
        page=section["page"],
        pages=section["pages"],
        pause=section["pause"],
        lease=max(section["lease"], CALLS_IN_A_LEASE * config["rpc"]["deadline"]),
        retry=section["retry"],
        absent=section["absent"],
        give_up=timedelta(seconds=section["give_up"]),
    )
