"""What the vendor posts to its customer: delivery reports and opt-outs."""

import logging
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from dev.fakes.app import Faults
from dev.fakes.sms import rules
from dev.fakes.sms.store import Texts

_PAUSES = (1, 2, 4, 8)  # seconds before a delivery report is sent again
_NETWORK = "63902"  # Safaricom Kenya


class Reports:
    """Posts in the background, in order. The address is secret: it is not logged. Without one nothing is posted."""

    def __init__(self, callback_url: str, texts: Texts, faults: Faults) -> None:
        self._callback_url = callback_url
        self._texts = texts
        self._faults = faults
        self._pool = ThreadPoolExecutor(max_workers=1)

    def send(self, sent: Sequence[dict[str, Any]]) -> None:
        """Send the delivery reports for the accepted ones of these SMS."""
        for message in sent:
            if self._callback_url and message["accepted"]:
                script = self._faults.take("report", message["number"]) or {}
                form = _form(message, script)
                for _ in range(script.get("times", 1)):
                    if script.get("early"):  # before the response to the request that sent the SMS
                        self._deliver(form, ())
                    else:
                        self._later(script.get("after", 0), form, _PAUSES)

    def opt_out(self, number: str, sender: str) -> int:
        """Post that a user wants no more SMS of a sender; return the status of the response, 0 without one."""
        return self._post({"senderId": sender, "phoneNumber": number})

    def _later(self, seconds: float, form: dict[str, str], pauses: Sequence[float]) -> None:
        timer = threading.Timer(seconds, self._pool.submit, (self._deliver, form, pauses))
        timer.daemon = True
        timer.start() if seconds else timer.run()

    def _deliver(self, form: dict[str, str], pauses: Sequence[float]) -> None:
        """Post a report, and again after a pause if the response is no success."""
        if 200 <= self._post(form) < 300:  # noqa: PLR2004 - any 2xx
            self._texts.add_report(form["id"], form["status"])
        elif pauses:
            self._later(pauses[0], form, pauses[1:])
        else:
            logging.getLogger(__name__).warning("a delivery report was not accepted")

    def _post(self, form: Mapping[str, str]) -> int:
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - the certificate need not name 127.0.0.1
        try:
            reply = urllib.request.urlopen(self._callback_url, urlencode(form).encode(), timeout=5, context=context)  # noqa: S310
            with reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def _form(message: Mapping[str, Any], script: Mapping[str, Any]) -> dict[str, str]:
    status, reason = rules.report(message["number"])
    status, reason = script.get("status", status), script.get("reason", reason)
    form = {"id": message["messageId"], "status": status, "phoneNumber": message["number"], "networkCode": _NETWORK}
    return form | ({"failureReason": reason} if reason else {})
