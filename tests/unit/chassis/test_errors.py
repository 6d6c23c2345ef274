import inspect
import json

import pytest
from nameko.exceptions import RemoteError, deserialize, serialize

from chassis import errors
from chassis.errors import FieldError, Invalid, ServiceError

ALL = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, ServiceError)]
REGISTERED = [each for each in ALL if each is not ServiceError]
FIELDS: list[FieldError] = [{"field": "text", "message": "must not be blank"}]


def send(error: Exception) -> Exception:
    arrived = deserialize(json.loads(json.dumps(serialize(error))))
    assert isinstance(arrived, Exception)
    return arrived


@pytest.mark.parametrize("error_class", REGISTERED)
def test_error_arrives_unchanged(error_class: type[ServiceError]) -> None:
    arrived = send(error_class("No.", "because", FIELDS, 7))
    assert type(arrived) is error_class
    assert isinstance(arrived, ServiceError)
    assert (arrived.detail, arrived.code, arrived.errors, arrived.retry_after) == ("No.", "because", FIELDS, 7)


@pytest.mark.parametrize("error_class", REGISTERED)
def test_error_without_a_code_has_the_default_code_of_its_class(error_class: type[ServiceError]) -> None:
    arrived = send(error_class("No."))
    assert isinstance(arrived, ServiceError)
    assert (arrived.code, arrived.errors) == (error_class.default_code, [])
    assert len(arrived.args) == 3, "older releases have no retry_after"


@pytest.mark.parametrize("error_class", ALL)
def test_constructors_have_no_keyword_only_arguments(error_class: type[ServiceError]) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(error_class).parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}


def test_every_class_has_its_own_status_and_default_code() -> None:
    assert len({each.status for each in REGISTERED}) == len(REGISTERED)
    assert len({each.default_code for each in REGISTERED}) == len(REGISTERED)


def test_field_error_names_the_field_in_its_detail_too() -> None:
    error = Invalid.field("cursor", "is wrong", "odd")
    assert (error.detail, error.code) == ("cursor: is wrong", "odd")
    assert error.errors == [{"field": "cursor", "message": "is wrong"}]


def test_text_of_an_error_contains_the_message_of_each_field() -> None:
    wrong: FieldError = {"field": "rate", "message": "reads like 10/minute"}
    assert str(Invalid("Check rate.", errors=[wrong])) == "invalid: Check rate. rate: reads like 10/minute"
    assert str(Invalid.field("cursor", "is wrong")) == "invalid: cursor: is wrong"


def test_other_errors_arrive_as_remote_errors() -> None:
    assert type(send(KeyError("x"))) is RemoteError
