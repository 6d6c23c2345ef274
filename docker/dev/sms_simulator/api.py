"""The simulator's routes: the vendor's one, and those for tests."""

import time
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from docker.dev.sms_simulator.judging import Verdict, judge
from docker.dev.sms_simulator.ledger import Ledger
from docker.dev.sms_simulator.replies import message_data, render
from docker.dev.sms_simulator.reports import Reports
from docker.dev.sms_simulator.view import page
from docker.dev.twins.faults import Faults
from docker.dev.twins.http import HangUp, Reply, Request, Route, as_json

_LONGEST_SENDER = 11  # characters, GSM 03.40


class Api:
    """What happens to a request; `key` is the only API key that is let in."""

    def __init__(self, key: str, ledger: Ledger, faults: Faults, reports: Reports) -> None:
        self._key = key
        self._ledger = ledger
        self._faults = faults
        self._reports = reports

    def routes(self) -> tuple[Route, ...]:
        """Return the table."""
        return (
            Route("POST", "/version1/messaging", self._send),
            Route("GET", "/messages", self._list),
            Route("DELETE", "/messages", self._clear),
            Route("POST", "/opt-out", self._opt_out),
            Route("GET", "/", self._index),
        )

    def _send(self, request: Request) -> Reply:
        if status := self._faults.take("status"):
            return _text("The service is out of order", int(status))
        if refusal := self._refuse(request):
            return refusal
        form = request.form()
        if len(form.get("from", "")) > _LONGEST_SENDER:
            return render({"Message": "InvalidSenderId", "Recipients": []}, request.headers["Accept"] or "")
        entries = [self._accept(number, form) for number in form["to"].split(",")]
        self._reports.send(entries)
        return self._answer(entries, request.headers["Accept"] or "")

    def _refuse(self, request: Request) -> Reply | None:
        """Answer as the vendor does to a wrong key or an incomplete form, None if all is there."""
        if request.headers["apiKey"] != self._key:
            return _text("The supplied authentication is invalid", HTTPStatus.UNAUTHORIZED)
        form = request.form()
        for field in ("username", "to", "message"):
            if not form.get(field):
                return _text(f"Request is missing required form field '{field}'", HTTPStatus.BAD_REQUEST)
        return None

    def _accept(self, number: str, form: dict[str, str]) -> dict[str, Any]:
        scripted = self._faults.take("verdict", number)
        verdict = Verdict(int(scripted)) if scripted else judge(number)
        return self._ledger.add(number, verdict, form["message"], form.get("from", ""))

    def _answer(self, entries: list[dict[str, Any]], accept: str) -> Reply:
        """Answer, unless a fault keeps the caller from learning what became of its messages."""
        silence, closes, answer = self._faults.take("hang"), self._faults.take("close"), self._scripted(entries, accept)
        time.sleep(float(silence or 0))
        if closes:
            raise HangUp
        return answer

    def _scripted(self, entries: list[dict[str, Any]], accept: str) -> Reply:
        plain, declared = self._faults.take("plain"), self._faults.take("declared")
        answer = _text(str(plain), HTTPStatus.CREATED) if plain else render(message_data(entries), accept)
        return replace(answer, content_type=str(declared)) if declared else answer

    def _list(self, request: Request) -> Reply:
        return as_json(self._ledger.all(request.query.get("to")))

    def _index(self, _request: Request) -> Reply:
        return page(self._ledger.all())

    def _opt_out(self, request: Request) -> Reply:
        """Pass an opt-out on; the answer is the customer's."""
        form = request.form()
        status = self._reports.opt_out(form["phoneNumber"], form.get("senderId", "AFRICASTKNG"))
        return _text(f"the customer answered {status}", HTTPStatus.OK)

    def _clear(self, _request: Request) -> Reply:
        self._ledger.clear()
        return Reply(status=HTTPStatus.NO_CONTENT)


def _text(text: str, status: int) -> Reply:
    return Reply(text.encode(), status, "text/plain")
