"""Every write of the gateway's class that is delivered twice replies the same and is done once."""

from typing import Any

import pytest
from sqlalchemy import Engine, update

from chassis.auth.caller import Caller
from chassis.ids import new_id
from gateway.models import ExportRow
from tests.integration.conftest import Settings
from tests.integration.support.repetition import Call, require_same_reply_and_state
from tests.integration.support.rpc import OPERATOR, Rpc

ADA = Caller("gateway", user=new_id(), username="ada")
WRITES: dict[str, Call] = {
    "request_export": (ADA, {}),
    "set_route": (OPERATOR, {"name": "all-posts", "cache_seconds": 5}),
    "reset_route": (OPERATOR, {"name": "login"}),
}


@pytest.fixture(autouse=True)
def no_exports(settings: Settings) -> None:
    """Let no export be made meanwhile."""
    settings["gateway"]["exports"]["interval"] = 3600


@pytest.fixture
def gateway(platform: dict[str, Any], rpc: Rpc) -> Rpc:
    assert platform
    rpc("gateway.set_route", OPERATOR, name="login", deadline=3.0)
    return rpc


@pytest.mark.parametrize("method", WRITES)
def test_repeated_write_has_the_same_reply_and_no_further_effect(gateway: Rpc, database: Engine, method: str) -> None:
    require_same_reply_and_state(gateway, database, f"gateway.{method}", WRITES[method])


def test_repeated_request_of_an_export_that_is_ready_starts_no_other(gateway: Rpc, database: Engine) -> None:
    first = gateway("gateway.request_export", ADA, request_key="once")
    with database.begin() as connection:
        connection.execute(update(ExportRow).values(state="ready"))
    assert gateway("gateway.request_export", ADA, request_key="once") == first
    assert gateway("gateway.request_export", ADA, request_key="again")["id"] != first["id"]
