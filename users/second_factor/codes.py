"""Codes of authenticator apps (TOTP, RFC 6238: six digits, 30 seconds), and recovery codes."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp

ISSUER = "Baraza"  # how authenticator apps name this platform
STEP = 30  # seconds
TOLERANCE = 1  # steps by which the clock of the device may differ
RECOVERY_CODES = 10
RECOVERY_BYTES = 15  # 120 bits: a fast hash is enough (NIST SP 800-63B-4, section 3.1.2: from 112 bits)


def new_secret() -> str:
    """Return a random secret of 160 bits in Base32."""
    return pyotp.random_base32()


def uri(secret: str, username: str) -> str:
    """Return the secret as authenticator apps read it from a QR code (Key URI Format)."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """Return the time step of a code, None if it is wrong; each code is right once, so the step must be `after` it."""
    totp, given, current = pyotp.TOTP(secret), normalize(code).encode(), int(now.timestamp()) // STEP
    for step in range(current - TOLERANCE, current + TOLERANCE + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given) and (after is None or step > after):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Return random recovery codes, such as `k3xq-7dzm-...`: each replaces the authenticator app once."""
    texts = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(text[start : start + 4] for start in range(0, len(text), 4)) for text in texts]


def digest(recovery_code: str) -> str:
    """Return how a recovery code is stored."""
    return hashlib.sha256(normalize(recovery_code).encode()).hexdigest()


def normalize(code: str) -> str:
    """Return a code without what people add when they type it."""
    return code.replace(" ", "").replace("-", "").lower()
