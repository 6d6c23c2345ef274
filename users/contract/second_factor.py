"""Messages about the second factor."""

from typing import Annotated

from pydantic import Field

from chassis.contract import Message
from users.contract.fields import Code, Password


class BeginSecondFactor(Message):
    """Begins to add a second factor: an authenticator app (TOTP, RFC 6238)."""

    password: Password = Field(repr=False)


class SecondFactorSecret(Message):
    """The secret of a second factor. Only this reply contains it; it has no effect before it is confirmed."""

    secret: Annotated[
        str,
        Field(repr=False, description="To type into the app; Base32.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]),
    ]
    uri: Annotated[
        str,
        Field(
            repr=False,
            description="To show as a QR code, which the app scans.",
            examples=["otpauth://totp/Baraza:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Baraza"],
        ),
    ]


class ConfirmSecondFactor(Message):
    """Confirms the second factor by a code of the authenticator app. From then on logins need one."""

    code: Code = Field(repr=False)


class RecoveryCodes(Message):
    """Each of these codes replaces one of the authenticator app, once. Only this reply contains them."""

    recovery_codes: list[str] = Field(repr=False, examples=[["k3xq-7dzm-4abt-p2vn-c6wy-h5ru"]])


class RemoveSecondFactor(Message):
    """Removes the caller's second factor."""

    password: Password = Field(repr=False)
    code: Code = Field(repr=False, description="A code of the authenticator app, or a recovery code.")
