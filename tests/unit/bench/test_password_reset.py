"""The lines that compare the times of requests for a new password."""

from bench.password_reset import lines


def test_lines_show_which_kind_of_account_takes_longer() -> None:
    quick, slow = [n / 10_000 for n in range(90, 110)], [n / 10_000 for n in range(180, 220)]
    head, *rows = lines({"verified": slow, "unknown": quick})
    assert "median" in head
    assert [row.split()[0] for row in rows] == ["verified", "unknown"]
    assert ["19.95" in rows[0], "9.95" in rows[1], "-" in rows[1].split()[3]] == [True] * 3
