"""What becomes of a message to a number: its last four digits say so, as long as it looks like a number.

+254711xxxxxx            101 Sent
...0100 ...0102          100 Processed, 102 Queued: good as well
...0401 to ...0502       the vendor's refusal with that code, for example +254711000406 UserInBlacklist
...1001 ...1002          101 Sent; the delivery report then says Failed or Rejected
no valid number          403 InvalidPhoneNumber
"""

import re
from dataclasses import dataclass

# Africa's Talking, "Bulk SMS", statusCode.
STATUSES = {
    100: "Processed",
    101: "Success",
    102: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
_SENT, _INVALID = 101, 403
_LAST_GOOD = 102
_NUMBER = re.compile(r"\+[1-9]\d{7,14}")  # E.164


@dataclass(frozen=True)
class Verdict:
    """A recipient's status code."""

    code: int

    @property
    def status(self) -> str:
        """The vendor's word for the code."""
        return STATUSES[self.code]

    @property
    def accepted(self) -> bool:
        """Whether the vendor will try to deliver, and charges for it."""
        return self.code <= _LAST_GOOD


def judge(number: str) -> Verdict:
    """Decide by the number alone, so that a test needs to script nothing."""
    if not _NUMBER.fullmatch(number):
        return Verdict(_INVALID)
    code = int(number[-4:])
    return Verdict(code if code in STATUSES else _SENT)


def report(number: str) -> tuple[str, str]:
    """Return status and failure reason of the delivery report for an accepted message."""
    endings = {"1001": ("Failed", "AbsentSubscriber"), "1002": ("Rejected", "UserInBlackList")}
    return endings.get(number[-4:], ("Success", ""))
