"""Whether addresses must be verified."""

from datetime import UTC, datetime

import pytest

from users.accounts.verification_policy import VerificationPolicy, from_config
from users.models import User

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "required"), [({"verification": "required"}, True), ({"verification": "off"}, False), ({}, True)]
)
def test_setting_decides_and_required_is_the_default(settings: dict[str, str], *, required: bool) -> None:
    assert from_config(settings).required is required


@pytest.mark.parametrize("value", ["", "Off", "on", "true", "optional", None, False])
def test_other_values_are_rejected_with_the_name_of_the_variable(value: object) -> None:
    with pytest.raises(ValueError, match=r"\(VERIFICATION\): expected required or off"):
        from_config({"verification": value})


@pytest.mark.parametrize(
    ("required", "verified_at", "accepted"), [(True, None, False), (True, NOW, True), (False, None, True)]
)
def test_unverified_address_is_accepted_only_if_verification_is_off(
    *, required: bool, verified_at: datetime | None, accepted: bool
) -> None:
    user = User(email="ada@example.org", email_verified_at=verified_at)
    assert VerificationPolicy(required).accepts(user, "email") is accepted
