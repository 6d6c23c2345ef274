"""Faults that tests script."""

from docker.dev.twins.faults import Faults


def test_a_fault_happens_as_often_as_it_was_asked_for_and_then_all_is_well() -> None:
    faults = Faults()
    faults.add({"status": 500, "count": 2})
    assert [faults.take("status") for _ in range(3)] == [500, 500, None]


def test_a_fault_happens_once_if_nothing_else_is_said() -> None:
    faults = Faults()
    faults.add({"hang": 1})
    assert [faults.take("hang") for _ in range(2)] == [1, None]


def test_a_fault_for_one_address_spares_the_others() -> None:
    faults = Faults()
    faults.add({"rcpt": "550 gone", "to": "amina@example.org"})
    assert faults.take("rcpt", "brian@example.org") is None
    assert faults.take("rcpt", "amina@example.org") == "550 gone"


def test_a_cleared_fault_never_happens() -> None:
    faults = Faults()
    faults.add({"close": True})
    faults.clear()
    assert faults.take("close") is None
