"""Whether services of two releases understand each other, in both directions, while one replaces the other.

During an upgrade both run at the same time, and events of the old one wait in queues for the new one. So a request of
the old one must be valid for the new one; a reply or an event of the new one must be valid for the old one. No field is
removed, no required field becomes optional, and a new field is never required.

The JSON Schema keywords that the contracts use are compared; any other difference counts as a break.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_AT_MOST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems")
_AT_LEAST = ("minLength", "minimum", "exclusiveMinimum", "minItems")
_COMPARED = {
    *("type", "properties", "required", "items", "additionalProperties", "anyOf", "oneOf", "enum", "const"),
    *_AT_MOST,
    *_AT_LEAST,
}


def breaks(released: dict[str, Schema], now: dict[str, Schema]) -> Iterator[str]:
    """Yield a line for each break of a release's contract."""
    for name, old in released.items():
        new = now.get(name)
        if new is None:
            yield f"{name}: is removed"
            continue
        yield from _presence(name, old, new)
        yield from _narrower(name, new, old) if name.endswith(" request") else _narrower(name, old, new)


def _presence(where: str, old: Schema, new: Schema) -> Iterator[str]:
    """Compare the fields at any depth; an alternative with the alternative of the same type that keeps most of it."""
    if _several(old) or _several(new):
        for one in _alternatives(old):
            kind = one.get("type")
            losses = [[*_presence(where, one, other)] for other in _alternatives(new) if other.get("type") == kind]
            yield from min(losses, key=len, default=[])
        return
    for field, schema in old.get("properties", {}).items():
        if field in new.get("properties", {}):
            yield from _presence(f"{where}.{field}", schema, new["properties"][field])
        else:
            yield f"{where}.{field}: is removed"
    for field in sorted({*new.get("required", ())} ^ {*old.get("required", ())}):
        yield f"{where}.{field}: is {'now' if field in new.get('required', ()) else 'no longer'} required"
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _presence(f"{where}[]", old[key], new[key])


def _narrower(where: str, reader: Schema, writer: Schema) -> Iterator[str]:
    """Yield what a reader rejects of that which a writer may write."""
    if _several(writer) or _several(reader):
        for one in _alternatives(writer):
            if all(any(_narrower(where, other, one)) for other in _alternatives(reader)):
                yield f"{where}: {one.get('type', 'something')} is not accepted"
        return
    yield from _values(where, reader, writer)
    for field, schema in writer.get("properties", {}).items():
        if field in reader.get("properties", {}):
            yield from _narrower(f"{where}.{field}", reader["properties"][field], schema)
    for key in ("items", "additionalProperties"):
        if isinstance(reader.get(key), dict):
            yield from _narrower(f"{where}[]", reader[key], writer.get(key, {}))


def _several(schema: Schema) -> bool:
    return len(_alternatives(schema)) > 1


def _alternatives(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or [schema]


def _values(where: str, reader: Schema, writer: Schema) -> Iterator[str]:
    """Compare the allowed values, apart from fields and items."""
    kinds = {reader.get("type"), writer.get("type")}
    if (
        len(kinds) > 1
        and reader.get("type") is not None
        and (reader["type"], writer.get("type")) != ("number", "integer")
    ):
        yield f"{where}: {writer.get('type', 'anything')} is not accepted where {reader['type']} is expected"
    if (allowed := _enumerated(reader)) is not None:
        written = _enumerated(writer)
        if written is None or not written <= allowed:
            yield f"{where}: only {', '.join(sorted(map(repr, allowed)))} are accepted"
    for keys, beyond in ((_AT_MOST, float.__gt__), (_AT_LEAST, float.__lt__)):
        for key in keys:
            if key in reader and (key not in writer or beyond(float(writer[key]), float(reader[key]))):
                yield f"{where}: {key} is {reader[key]}"
    for key in sorted((reader.keys() | writer.keys()) - _COMPARED):
        if key in reader and reader[key] != writer.get(key):
            yield f"{where}: {key} differs"


def _enumerated(schema: Schema) -> set[Any] | None:
    found = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if found is None else set(found)
