import re
from typing import Annotated

import pytest
from pydantic import AfterValidator, Field
from pydantic.json_schema import SkipJsonSchema

from chassis.contract import Message, PageRequest, Text
from chassis.contract.validation import validate, validate_strings
from chassis.errors import Invalid


def not_seven(number: int) -> int:
    if number == 7:
        raise ValueError("must not be seven")
    return number


class Note(Message):
    text: Annotated[Text, Field(min_length=1, max_length=3)]
    tags: Annotated[list[Text], Field(max_length=1)] = Field(default=[])


class Inner(Message):
    number: Annotated[int, AfterValidator(not_seven)]


Short = Annotated[Text, Field(pattern="^[a-z]{3}$")]


class Changes(Message):
    name: Short | SkipJsonSchema[None] = None
    tags: list[Short] | None = None
    inner: Inner | None = None
    number: Inner | list[int] | None = None


class Outer(Message):
    name: str
    inner: list[Inner] = Field(default_factory=list)


def test_error_lists_the_path_of_every_invalid_field_and_no_value() -> None:
    with pytest.raises(Invalid) as error:
        validate(Outer, {"name": 123456789, "inner": [{"number": 1}, {"number": "secret"}]})
    assert {field["field"] for field in error.value.errors} == {"name", "inner.1.number"}
    assert error.value.detail == "Check inner.1.number, name."
    assert not re.search("secret|123456789", str(error.value.args))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": "A"}, "name"),
        ({"name": ["abc"]}, "name"),
        ({"tags": ["abc", "A"]}, "tags.1"),
        ({"tags": "abc"}, "tags"),
        ({"inner": {}}, "inner.number"),
        ({"inner": {"number": 7}}, "inner.number"),
        ({"inner": 5}, "inner"),
        ({"number": [1, "x"]}, "number.1"),
    ],
)
def test_path_of_a_field_that_may_be_null_has_no_names_of_types(fields: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as error:
        validate(Changes, fields)
    assert path in {field["field"] for field in error.value.errors}
    assert {field["field"] for field in error.value.errors} <= {path, path.partition(".")[0]}
    assert not [field for field in error.value.errors if "None" in field["message"]]


def test_message_of_a_custom_validator_is_unchanged() -> None:
    with pytest.raises(Invalid) as error:
        validate(Outer, {"name": "a", "inner": [{"number": 7}]})
    assert error.value.errors == [{"field": "inner.0.number", "message": "must not be seven"}]


def test_length_of_a_text_is_in_characters() -> None:
    expected = {"": "String should have at least 1 character", "long": "String should have at most 3 characters"}
    for text, message in expected.items():
        with pytest.raises(Invalid) as error:
            validate(Note, {"text": text})
        assert error.value.errors == [{"field": "text", "message": message}]
    with pytest.raises(Invalid, match="tags") as error:
        validate(Note, {"text": "a", "tags": ["b", "c"]})
    assert error.value.errors[0]["message"].startswith("List should have at most 1 item")


def test_error_of_the_whole_body_has_the_path_body() -> None:
    with pytest.raises(Invalid) as error:
        validate(Outer, "text")  # type: ignore[arg-type]
    assert [field["field"] for field in error.value.errors] == ["body"]


def test_texts_of_a_query_are_converted_to_numbers() -> None:
    assert validate_strings(PageRequest, {"limit": "5"}).limit == 5
    with pytest.raises(Invalid, match="limit"):
        validate_strings(PageRequest, {"limit": "many"})
