import inspect
import json
from itertools import starmap

import pytest
from nameko.exceptions import RemoteError, deserialize, serialize

from chassis import errors
from chassis.errors import FieldError, Invalid, ServiceError

KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, ServiceError)]
TRAVELLERS = [kind for kind in KINDS if kind is not ServiceError]
FIELDS: list[FieldError] = [{"field": "text", "message": "must not be blank"}]


def over_the_wire(error: Exception) -> Exception:
    arrived = deserialize(json.loads(json.dumps(serialize(error))))
    assert isinstance(arrived, Exception)
    return arrived


@pytest.mark.parametrize("kind", TRAVELLERS)
def test_a_refusal_arrives_as_it_was_raised(kind: type[ServiceError]) -> None:
    arrived = over_the_wire(kind("No.", "because", FIELDS))
    assert type(arrived) is kind
    assert isinstance(arrived, ServiceError)
    assert (arrived.detail, arrived.code, arrived.errors) == ("No.", "because", FIELDS)


@pytest.mark.parametrize("kind", TRAVELLERS)
def test_a_refusal_without_a_code_has_that_of_its_kind(kind: type[ServiceError]) -> None:
    arrived = over_the_wire(kind("No."))
    assert isinstance(arrived, ServiceError)
    assert (arrived.code, arrived.errors) == (kind.default_code, [])


@pytest.mark.parametrize("kind", TRAVELLERS)
def test_a_refusal_may_say_when_to_come_back(kind: type[ServiceError]) -> None:
    arrived = over_the_wire(kind("Later.", None, (), 7))
    assert isinstance(arrived, ServiceError)
    assert arrived.retry_after == 7


def test_a_refusal_that_does_not_say_when_is_as_older_readers_know_it() -> None:
    assert len(ServiceError("No.").args) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_passed_by_keyword_only_since_nameko_passes_by_position(kind: type[ServiceError]) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(kind).parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}


def test_every_kind_has_a_status_and_a_code_of_its_own() -> None:
    assert len({kind.status for kind in TRAVELLERS}) == len(TRAVELLERS)
    assert len({kind.default_code for kind in TRAVELLERS}) == len(TRAVELLERS)


def test_the_field_is_named_in_the_detail_too() -> None:
    refusal = Invalid.field("cursor", "is wrong", "odd")
    assert (refusal.detail, refusal.code) == ("cursor: is wrong", "odd")
    assert refusal.errors == [{"field": "cursor", "message": "is wrong"}]


def test_whoever_reads_it_in_a_shell_or_a_log_sees_what_is_wrong_with_each_field() -> None:
    wrong: FieldError = {"field": "rate", "message": "reads like 10/minute"}
    assert str(Invalid("Check rate.", errors=[wrong])) == "invalid: Check rate. rate: reads like 10/minute"
    assert str(Invalid.field("cursor", "is wrong")) == "invalid: cursor: is wrong"


def test_an_error_that_is_none_of_ours_arrives_as_a_remote_error() -> None:
    arrived = list(starmap(over_the_wire, [(KeyError("x"),), (OSError("y"),)]))
    assert [type(error) for error in arrived] == [RemoteError, RemoteError]
