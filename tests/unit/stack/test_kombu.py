"""kombu: its encoding of values, and the unit of `expiration`."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from kombu.exceptions import EncodeError
from kombu.serialization import dumps, loads

VALUES = [datetime(2026, 1, 2, tzinfo=UTC), uuid.UUID(int=1), b"\xff"]


@dataclass
class Item:
    size: int


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_times_uuids_and_bytes_have_an_encoding_that_only_kombu_decodes(value: object) -> None:
    content_type, encoding, body = dumps(value, "json")
    assert loads(body, content_type, encoding) == value
    assert json.loads(body).keys() == {"__type__", "__value__"}


@pytest.mark.parametrize("value", [{1}, Item(1)], ids=lambda value: type(value).__name__)
def test_sets_and_dataclasses_cannot_be_encoded(value: object) -> None:
    with pytest.raises(EncodeError):
        dumps(value, "json")
