"""Which changes of a contract are compatible with the last release."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from packaging.version import Version

from tests.unit.containers.project import version
from tests.unit.contracts import releases
from tests.unit.contracts.compatibility import breaks
from tests.unit.contracts.surface import surface

RELEASED: dict[str, Any] = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "maxLength": 100, "pattern": "^.*$"},
        "channel": {"type": "string", "enum": ["sms", "email"]},
        "author": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        "place": {"anyOf": [{"type": "object", "properties": {"name": {"type": "string"}}}, {"type": "null"}]},
        "until": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "number": {"type": "number"},
    },
}
BOTH = {"request", "reply"}
NEITHER: set[str] = set()
Change = Callable[[dict[str, Any]], Any]


def after(change: Change) -> dict[str, Any]:
    schema = copy.deepcopy(RELEASED)
    change(schema["properties"])
    return schema


def required(*names: str) -> dict[str, Any]:
    return {**RELEASED, "required": list(names), "properties": {**RELEASED["properties"], "new": {"type": "string"}}}


CHANGES = {
    "no change": (RELEASED, NEITHER),
    "a new optional field": (after(lambda fields: fields.update(new={"type": "string"})), NEITHER),
    "a new required field": (required("text", "new"), BOTH),
    "a field is no longer required": (required(), BOTH),
    "a field is removed": (after(lambda fields: fields.pop("tags")), BOTH),
    "a nested field is removed": (after(lambda fields: fields["author"]["properties"].pop("id")), BOTH),
    "a nested field of a nullable one is removed": (
        after(lambda fields: fields["place"]["anyOf"][0]["properties"].pop("name")),
        BOTH,
    ),
    "another type": (after(lambda fields: fields["text"].update(type="integer")), BOTH),
    "another type in a list": (after(lambda fields: fields["tags"]["items"].update(type="integer")), BOTH),
    "a longer text": (after(lambda fields: fields["text"].update(maxLength=200)), {"reply"}),
    "a shorter text": (after(lambda fields: fields["text"].update(maxLength=50)), {"request"}),
    "a text of any length": (after(lambda fields: fields["text"].pop("maxLength")), {"reply"}),
    "another pattern": (after(lambda fields: fields["text"].update(pattern="^a$")), BOTH),
    "one choice added": (after(lambda fields: fields["channel"]["enum"].append("realtime")), {"reply"}),
    "one choice removed": (after(lambda fields: fields["channel"]["enum"].remove("sms")), {"request"}),
    "no longer nullable": (after(lambda fields: fields.update(until={"type": "string"})), {"request"}),
    "nullable": (after(lambda fields: fields.update(text={"anyOf": [fields["text"], {"type": "null"}]})), {"reply"}),
    "integers only": (after(lambda fields: fields.update(number={"type": "integer"})), {"request"}),
}


@pytest.mark.parametrize(("now", "broken"), CHANGES.values(), ids=CHANGES)
def test_change_breaks_request_reply_both_or_neither(now: dict[str, Any], broken: set[str]) -> None:
    parts = ("rpc feeds.create request", "rpc feeds.create reply")
    found = {part: list(breaks({part: RELEASED}, {part: now})) for part in parts}
    assert {part.split()[-1] for part, lines in found.items() if lines} == broken, found


def test_removed_method_is_a_break() -> None:
    assert list(breaks({"rpc feeds.create request": RELEASED}, {})) == ["rpc feeds.create request: is removed"]


def test_this_version_is_compatible_with_the_last_release() -> None:
    _, released = releases.last()
    assert list(breaks(released, surface())) == []


def test_last_release_is_not_newer_than_this_version() -> None:
    name, _ = releases.last()
    assert Version(name) <= Version(version())
