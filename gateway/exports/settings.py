"""The settings of exports."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Seconds are floats; see config.yml."""

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
        lease=section["lease"],
        retry=section["retry"],
        absent=section["absent"],
        give_up=timedelta(seconds=section["give_up"]),
    )
