"""The setting that says whether addresses must be verified."""

import pytest

from users.codes.verification import is_required


@pytest.mark.parametrize(
    ("settings", "required"), [({"verification": "required"}, True), ({"verification": "off"}, False), ({}, True)]
)
def test_setting_decides_and_required_is_the_default(settings: dict[str, str], *, required: bool) -> None:
    assert is_required(settings) is required


@pytest.mark.parametrize("value", ["", "Off", "on", "true", "optional", None, False])
def test_other_values_are_rejected_with_the_name_of_the_variable(value: object) -> None:
    with pytest.raises(ValueError, match=r"\(VERIFICATION\): expected required or off"):
        is_required({"verification": value})
