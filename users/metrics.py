"""Prometheus metrics of the users service."""

from itertools import product
from typing import get_args

from prometheus_client import Counter

from users.contract import CodePurpose

CODES = Counter(
    "baraza_codes", "One-time codes: issued, used, wrong, refused, expired or limited.", ["purpose", "outcome"]
)
# From 0, so that the first of each is an increase too.
for _labels in product(get_args(CodePurpose), ("issued", "used", "wrong", "refused", "expired", "limited")):
    CODES.labels(*_labels)

PROVIDER_SIGN_INS = Counter(
    "baraza_provider_sign_ins",
    "Sign-ins at the identity provider: begun, finished, rejected or unavailable.",
    ["outcome"],
)
for _outcome in ("begun", "finished", "rejected", "unavailable"):
    PROVIDER_SIGN_INS.labels(_outcome)
