"""What the reconciler logs while a source cannot be read."""

import logging
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from chassis.errors import Unavailable
from chassis.reconciliation.reconciler import Reconciler

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources")

LATER = "the events of feeds will be reconciled later"


class BrokenDatabase:
    def read(self) -> NoReturn:
        raise Unavailable("The database is unavailable.")


@pytest.fixture
def reconciler() -> Reconciler:
    """Return one that cannot read the log of feeds."""
    handler: Any = SimpleNamespace(
        source_service="feeds",
        container=SimpleNamespace(service_name="notifications"),
        method_name="on_post_created",
        queue=SimpleNamespace(name="queue"),
    )
    return Reconciler([handler], BrokenDatabase(), 0, lambda _handler: True)  # type: ignore[arg-type]


def test_only_the_second_failure_in_a_row_is_logged(reconciler: Reconciler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    reconciler.run(SimpleNamespace())  # type: ignore[arg-type]
    assert LATER not in caplog.text
    reconciler.run(SimpleNamespace())  # type: ignore[arg-type]
    assert LATER in caplog.text
