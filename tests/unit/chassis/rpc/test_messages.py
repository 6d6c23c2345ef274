from typing import Any

import pytest
from nameko.exceptions import RemoteError, serialize

from chassis.errors import Conflict, ServiceError
from chassis.rpc.messages import encode_reply, result_of


@pytest.mark.parametrize("reply", [None, [], "text", {}, {"error": None}])
def test_malformed_reply_is_a_service_error(reply: Any) -> None:
    with pytest.raises(ServiceError, match="malformed"):
        result_of(reply)


def test_result_is_returned_and_errors_are_raised() -> None:
    assert result_of({"result": {"id": 1}, "error": None}) == {"id": 1}
    with pytest.raises(Conflict, match="Taken"):
        result_of({"result": None, "error": serialize(Conflict("Taken."))})
    with pytest.raises(RemoteError):
        result_of({"result": None, "error": serialize(KeyError("x"))})


def test_reply_contains_no_text_of_an_unexpected_error() -> None:
    assert b"secret" not in encode_reply(None, KeyError("secret"))
    assert b"Taken" in encode_reply(None, Conflict("Taken."))
