"""Reads Africa's Talking's delivery reports."""

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.interface import Receipt
from notifications.channels.sms.safe_text import safe_text
from notifications.contract import ReportDelivery

_FAILED = frozenset({"Failed", "Rejected"})
_OPTED_OUT = "userinblacklist"  # reports spell it UserInBlackList, responses UserInBlacklist


def read(report: ReportDelivery) -> Receipt:
    """Return the receipt that a report stands for."""
    opted_out_phone = report.phone if _is_opt_out(report.reason) else None
    return Receipt("sms", report.provider_id, _result(report.status, report.reason), opted_out_phone)


def _result(status: str, reason: str | None) -> DeliveryResult | None:
    """Return the final result; None while the SMS is on its way."""
    if status == "Success":
        return DeliveryResult("delivered")
    if status in _FAILED:
        return delivery_results.failed(f"{status}: {safe_text(reason)}" if reason else status)
    return None


def _is_opt_out(reason: str | None) -> bool:
    """Return whether the user opted out of our SMS.

    DoNotDisturb is no opt-out: it is a country's register against advertising, which a user may leave again.
    """
    return (reason or "").casefold() == _OPTED_OUT
