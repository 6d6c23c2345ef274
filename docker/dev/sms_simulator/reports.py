"""What the vendor posts to its customer: delivery reports some time after a message was accepted, and opt-outs."""

import logging
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from docker.dev.sms_simulator.judging import report
from docker.dev.sms_simulator.ledger import Ledger
from docker.dev.twins.faults import Faults

_log = logging.getLogger(__name__)
_TIMEOUT = 5  # seconds
_PAUSES = (1, 2, 4, 8)  # seconds before a report that was not taken is repeated
_NETWORK = "63902"  # Safaricom Kenya


class Reports:
    """Posts in the background, in order; without a callback address nothing. The address is secret: no log has it."""

    def __init__(self, callback: str | None, ledger: Ledger, faults: Faults) -> None:
        self._callback = callback
        self._ledger = ledger
        self._faults = faults
        self._pool = ThreadPoolExecutor(max_workers=1)

    def send(self, entries: Sequence[dict[str, Any]]) -> None:
        """Report on the accepted messages among the ledger's entries, as scripted for their numbers."""
        for entry in entries:
            if self._callback and entry["accepted"]:
                script = self._faults.take("report", entry["number"]) or {}
                form = _form(entry, script)
                for _ in range(script.get("times", 1)):
                    self._report(form, script)

    def opt_out(self, number: str, sender: str) -> int:
        """Post that the owner of a number wants no more of a sender's SMS; return the answer's status."""
        return self._post({"senderId": sender, "phoneNumber": number})

    def _report(self, form: dict[str, str], script: Mapping[str, Any]) -> None:
        if script.get("early"):  # before the sender has the answer to its request
            self._deliver(form, ())
        elif delay := script.get("after"):
            self._later(delay, form, _PAUSES)
        else:
            self._pool.submit(self._deliver, form, _PAUSES)

    def _deliver(self, form: dict[str, str], pauses: Sequence[float]) -> None:
        """Post a report, and again after a while if it is not taken."""
        if self._post(form) < 300:  # noqa: PLR2004  any 2xx
            self._ledger.reported(form["id"], form["status"])
        elif pauses:
            self._later(pauses[0], form, pauses[1:])
        else:
            _log.warning("a delivery report was not taken")

    def _later(self, seconds: float, form: dict[str, str], pauses: Sequence[float]) -> None:
        timer = threading.Timer(seconds, self._pool.submit, (self._deliver, form, pauses))
        timer.daemon = True
        timer.start()

    def _post(self, form: Mapping[str, str]) -> int:
        """Post a form and return the answer's status; 0: no answer."""
        # On this machine the gateway's certificate need not name it.
        trusting = ssl._create_unverified_context()  # noqa: S323, SLF001
        try:
            with urllib.request.urlopen(  # noqa: S310  the operator's own address
                self._callback or "", urlencode(form).encode(), timeout=_TIMEOUT, context=trusting
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def _form(entry: Mapping[str, Any], script: Mapping[str, Any]) -> dict[str, str]:
    status, reason = report(entry["number"])
    status, reason = script.get("status", status), script.get("reason", reason)
    fields = {"id": entry["messageId"], "status": status, "phoneNumber": entry["number"], "networkCode": _NETWORK}
    return fields | ({"failureReason": reason} if reason else {})
