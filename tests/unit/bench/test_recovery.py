from bench.load.http import Response
from bench.measure.measurement import Measurement
from bench.report import recovery
from bench.scenarios.recovery_round import LATE, late, requests_normal

ENDED = 100.0  # when the fault ended


def response(intended: float, seconds: float = 0.1, status: int = 201) -> Response:
    return Response(intended, intended + seconds, status, b"")


def test_requests_are_normal_after_the_last_that_failed_or_was_late() -> None:
    responses = [response(99, LATE + 1), response(101, status=503), response(102, LATE + 1), response(104)]
    assert requests_normal(responses, ENDED) == 2


def test_fault_that_ends_without_a_bad_request_afterwards_takes_no_time() -> None:
    assert requests_normal([response(98, status=503), response(101)], ENDED) == 0


def test_last_late_post_counts_and_posts_that_are_quick_or_not_accepted_do_not() -> None:
    accepted = {"a": response(95), "b": response(96), "c": response(110)}
    arrived = {"a": 103.0, "b": 105.5, "c": 111.0, "not accepted": 120.0}
    assert late(accepted, arrived, ENDED) == 5.5


def test_post_that_was_late_before_the_end_of_the_fault_takes_no_time() -> None:
    assert late({"a": response(90)}, {"a": 99.0}, ENDED) == 0


def test_table_has_a_row_for_each_fault_and_one_for_all_deleted_queues() -> None:
    figures = {"requests": 0.0, "inboxes": 1.25, "websockets": 1.3, "e-mail": 2.0, "SMS": 9.0, "SMS unknown": 1}
    names = ("kill redis", "delete queue evt-a", "delete queue evt-b")
    measured = [
        Measurement(name, "post", 1, 1, figures=figures | {"inboxes": number}) for number, name in enumerate(names)
    ]
    assert [*recovery.lines(measured)][2:] == [
        "| kill redis | 0.0 | 0.0 | 1.3 | 2.0 | 9.0 |",
        "| delete queue, the slowest of 2 | 0.0 | 2.0 | 1.3 | 2.0 | 9.0 |",
    ]
