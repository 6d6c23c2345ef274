"""Prometheus metrics of the users service."""

from prometheus_client import Counter

CODES = Counter("baraza_codes", "One-time codes: issued, used, wrong or limited.", ["purpose", "outcome"])
PROVIDER_SIGN_INS = Counter(
    "baraza_provider_sign_ins",
    "Sign-ins at the identity provider: begun, finished, rejected or unavailable.",
    ["outcome"],
)
