"""The status of an SMS, by the last four digits of a valid number.

+254711xxxxxx            101 Success
...0100 ...0102          100 Processed, 102 Queued: accepted too
...0401 to ...0502       rejected with that code, for example +254711000406 UserInBlacklist
...1001 ...1002          101 Success; the delivery report then is Failed or Rejected
no valid number          403 InvalidPhoneNumber
"""

import itertools
import re
import secrets

# Africa's Talking, "Bulk SMS", statusCode. The vendor tries to deliver, and charges for, those below 200.
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
_NUMBER = re.compile(r"\+[1-9]\d{7,14}")  # E.164


def reachable_number() -> str:
    """Return a random valid number to which every SMS is accepted and delivered."""
    numbers = (f"+25471{secrets.randbelow(10**7):07d}" for _ in itertools.count())
    return next(number for number in numbers if (status_code(number), report(number)) == (101, ("Success", "")))


def status_code(number: str) -> int:
    """Return the status code for a recipient."""
    if not _NUMBER.fullmatch(number):
        return 403
    code = int(number[-4:])
    return code if code in STATUSES else 101


def report(number: str) -> tuple[str, str]:
    """Return status and failure reason of the delivery report for an accepted SMS."""
    endings = {"1001": ("Failed", "AbsentSubscriber"), "1002": ("Rejected", "UserInBlackList")}
    return endings.get(number[-4:], ("Success", ""))
