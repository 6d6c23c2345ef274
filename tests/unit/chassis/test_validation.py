from typing import Annotated

import pytest
from pydantic import AfterValidator, Field

from chassis.contract import Message, PageRequest
from chassis.contract.validation import validate, validate_strings
from chassis.errors import Invalid


def not_seven(number: int) -> int:
    if number == 7:
        raise ValueError("must not be seven")
    return number


class Inner(Message):
    number: Annotated[int, AfterValidator(not_seven)]


class Outer(Message):
    name: str
    inner: list[Inner] = Field(default_factory=list)


def test_right_fields_become_the_model() -> None:
    assert validate(Outer, {"name": "a", "inner": [{"number": 1}], "new": 1}).inner[0].number == 1


def test_every_wrong_field_is_named_by_its_path() -> None:
    with pytest.raises(Invalid) as refused:
        validate(Outer, {"inner": [{"number": 1}, {"number": "2"}]})
    assert {error["field"] for error in refused.value.errors} == {"name", "inner.1.number"}
    assert refused.value.detail == "Check inner.1.number, name."


def test_a_rule_of_our_own_speaks_for_itself() -> None:
    with pytest.raises(Invalid) as refused:
        validate(Outer, {"name": "a", "inner": [{"number": 7}]})
    assert refused.value.errors == [{"field": "inner.0.number", "message": "must not be seven"}]


def test_what_is_wrong_with_the_whole_is_named_body() -> None:
    with pytest.raises(Invalid) as refused:
        validate(Outer, "text")  # type: ignore[arg-type]
    assert [error["field"] for error in refused.value.errors] == ["body"]


def test_a_value_is_never_repeated_in_the_refusal() -> None:
    with pytest.raises(Invalid) as refused:
        validate(Outer, {"name": 123456789, "inner": "secret"})
    assert "secret" not in str(refused.value.args)
    assert "123456789" not in str(refused.value.args)


def test_texts_of_a_query_become_numbers() -> None:
    assert validate_strings(PageRequest, {"limit": "5"}).limit == 5
    with pytest.raises(Invalid, match="limit"):
        validate_strings(PageRequest, {"limit": "many"})
