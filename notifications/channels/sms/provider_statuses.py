"""Africa's Talking's words: which of them may be shown, and what a delivery report means."""

import re

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome

_PLAIN = re.compile(r"[A-Za-z ]{1,40}")
_REFUSALS = frozenset({"Failed", "Rejected"})
_OPTED_OUT = "userinblacklist"  # who told them to stop our SMS; with a capital L in reports, without in answers


def plain(text: str) -> str:
    """Let only words through: a sentence of theirs may repeat the number."""
    return text if _PLAIN.fullmatch(text) else "refused"


def meaning(status: str, reason: str | None) -> Outcome | None:
    """Say what a report means for its message; None while that is still on its way."""
    if status == "Success":
        return Outcome("delivered")
    if status in _REFUSALS:
        return delivery_results.failed(f"{status}: {plain(reason)}" if reason else status)
    return None


def is_opt_out(reason: str | None) -> bool:
    """Tell whether somebody wants no more of our SMS.

    Not so DoNotDisturb: that is a country's register, against advertising, and one may leave it again.
    """
    return (reason or "").casefold() == _OPTED_OUT
