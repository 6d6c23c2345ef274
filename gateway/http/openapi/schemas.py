"""JSON Schemas of the contracts: requests as clients may send them, replies as they are sent."""

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from chassis.contract import Message

REF = "#/components/schemas/"
NULL = {"type": "null"}
# Examples of fields that have none of their own.
_ANY = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "object": {}, "array": []}


class Generator(GenerateJsonSchema):
    """pydantic's generator without titles and null defaults."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Return False: titles repeat the field's name."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Omit a default of null, which means that the field was not given."""
        found = super().default_schema(schema)
        if found.get("default", NULL) is None:
            del found["default"]
        return found


class Schemas:
    """The schemas of all contracts that a document needs, under one name each."""

    def __init__(self, wanted: Iterable[tuple[type[Message], JsonSchemaMode]]) -> None:
        self._refs, found = models_json_schema(
            list(dict.fromkeys(wanted)), ref_template=REF + "{model}", schema_generator=Generator
        )
        self.components: dict[str, Any] = found.get("$defs", {})

    def ref(self, model: type[Message], mode: JsonSchemaMode) -> JsonSchemaValue:
        """Return a reference to a contract's schema."""
        return self._refs[model, mode]

    def example(self, schema: JsonSchemaValue) -> Any:
        """Return an example built from the fields' examples; optional fields need an example or a default."""
        if "$ref" in schema:
            return self.example(self.components[schema["$ref"].removeprefix(REF)])
        if "examples" in schema:
            return schema["examples"][0]
        if "properties" in schema:
            return self._fields(schema)
        if kinds := _without_null(schema):
            return self.example(kinds[0])
        if "items" in schema:
            return [self.example(schema["items"])]
        any_value = schema.get("enum", [_ANY[schema.get("type", "object")]])[0]
        return schema.get("const", schema.get("default", any_value))

    def _fields(self, schema: JsonSchemaValue) -> dict[str, Any]:
        return {
            name: self.example(field)
            for name, field in schema["properties"].items()
            if name in schema.get("required", ()) or field.keys() & {"default", "examples"}
        }


def parameter(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Return the schema of a parameter: in a URL there is no null."""
    kinds = _without_null(schema)
    if len(kinds) != 1:
        return schema
    return {name: value for name, value in schema.items() if name != "anyOf"} | kinds[0]


def _without_null(schema: JsonSchemaValue) -> list[JsonSchemaValue]:
    return [kind for kind in schema.get("anyOf", ()) if kind != NULL]
