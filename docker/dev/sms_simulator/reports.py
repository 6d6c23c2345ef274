"""Delivery reports: what the vendor posts to its customer some time after a message was accepted."""

import logging
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from docker.dev.sms_simulator.judging import report

_log = logging.getLogger(__name__)
_TIMEOUT = 5  # seconds
_NETWORK = "63902"  # Safaricom Kenya


class Reports:
    """Posts reports in the background, in order; without a callback address it posts none."""

    def __init__(self, callback: str | None) -> None:
        self._callback = callback
        self._pool = ThreadPoolExecutor(max_workers=1)

    def send(self, entries: Sequence[dict[str, Any]]) -> None:
        """Report on the accepted messages among the ledger's entries."""
        for entry in entries:
            if self._callback and entry["accepted"]:
                self._pool.submit(_post, self._callback, _form(entry))


def _form(entry: dict[str, Any]) -> bytes:
    status, reason = report(entry["number"])
    fields = {"id": entry["messageId"], "status": status, "phoneNumber": entry["number"]}
    if reason:
        fields["failureReason"] = reason
    return urlencode({**fields, "networkCode": _NETWORK}).encode()


def _post(url: str, form: bytes) -> None:
    try:
        with urllib.request.urlopen(url, form, timeout=_TIMEOUT):  # noqa: S310  the operator's own address
            pass
    except (urllib.error.URLError, OSError) as error:
        _log.warning("no delivery report to %s: %s", url, error)
