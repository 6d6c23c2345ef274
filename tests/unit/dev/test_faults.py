from dev.fakes.app import Faults


def test_fault_happens_count_times_and_by_default_once() -> None:
    faults = Faults()
    faults.add({"status": 500, "count": 2})
    faults.add({"hang": 1})
    assert [faults.take("status") for _ in range(3)] == [500, 500, None]
    assert [faults.take("hang") for _ in range(2)] == [1, None]


def test_fault_with_an_address_happens_to_that_address_only() -> None:
    faults = Faults()
    faults.add({"rcpt": "550 gone", "to": "amina@example.org"})
    assert faults.take("rcpt", "brian@example.org") is None
    assert faults.take("rcpt", "amina@example.org") == "550 gone"


def test_cleared_fault_does_not_happen() -> None:
    faults = Faults()
    faults.add({"close": True})
    faults.clear()
    assert faults.take("close") is None
