"""A simulator of Africa's Talking's bulk SMS API, as its SDK calls it. It sends nothing.

POST /version1/messaging is the vendor's. GET /messages?to=<number>; GET /newest?to=<number> has the text only.
POST /opt-out with a form (`phoneNumber`, `senderId`) posts the vendor's
notice that a user wants no more SMS. Its faults:

    {"status": 500}                    an HTTP error; nothing is accepted
    {"hang": 20}                       accepted, then seconds before the response
    {"close": true}                    accepted, then the connection ends without a response
    {"plain": "OK"}                    accepted, then a text instead of JSON
    {"declared": "text/json"}          accepted, then the response with another content type
    {"report": {"status": "Failed"}}   the delivery report; also `reason`; `times`: 0 for none, 2 for two; `after`
                                       seconds; `early`: before the response; with "to" only for that number
    {"verdict": 405}                   this status code for every recipient; with "to" only for that number

Without faults the last four digits of a number decide: see `rules`.
"""

import socket
import time
from typing import Any

from flask import Flask, Response, jsonify, render_template, request

from dev.fakes.app import Faults, create_app
from dev.fakes.sms import rules
from dev.fakes.sms.reports import Reports
from dev.fakes.sms.store import Texts

_LONGEST_SENDER = 11  # characters, GSM 03.40
_FIELDS = ("statusCode", "number", "status", "cost", "messageId")
_PRICE = 0.8


def sms_app(key: str, texts: Texts, faults: Faults, reports: Reports) -> Flask:
    """Return the application; `key` is the only accepted API key."""
    app = create_app(texts, faults)

    @app.post("/version1/messaging")
    def send() -> Response:
        error = _text("The service is out of order", int(status)) if (status := faults.take("status")) else _error(key)
        return error or _accept(texts, faults, reports)

    @app.post("/opt-out")
    def opt_out() -> Response:
        status = reports.opt_out(request.form["phoneNumber"], request.form.get("senderId", "AFRICASTKNG"))
        return _text(f"the customer answered {status}")

    @app.get("/")
    def index() -> str:
        return render_template("sms.html", messages=reversed(texts.all()))

    return app


def _error(key: str) -> Response | None:
    """Return the vendor's response to a wrong key, an incomplete form or a bad sender."""
    if request.headers.get("apiKey") != key:
        return _text("The supplied authentication is invalid", 401)
    if missing := [field for field in ("username", "to", "message") if not request.form.get(field)]:
        return _text(f"Request is missing required form field '{missing[0]}'", 400)
    if len(request.form.get("from", "")) > _LONGEST_SENDER:
        return _response({"Message": "InvalidSenderId", "Recipients": []})
    return None


def _accept(texts: Texts, faults: Faults, reports: Reports) -> Response:
    form, sent = request.form, []
    for number in form["to"].split(","):
        code = faults.take("verdict", number) or rules.status_code(number)
        sent.append(texts.add(number, int(code), form["message"], form.get("from", "")))
    reports.send(sent)
    # Taken before the pause, so that it does not get faults that are scripted meanwhile.
    hang, close, plain, declared = map(faults.take, ("hang", "close", "plain", "declared"))
    time.sleep(float(hang or 0))
    if close:
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    response = _text(str(plain), 201) if plain else _response(message_data(sent))
    response.content_type = declared or response.content_type
    return response


def message_data(sent: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the content of the response for the SMS of one request."""
    accepted = sum(message["accepted"] for message in sent)
    return {
        "Message": f"Sent to {accepted}/{len(sent)} Total Cost: KES {accepted * _PRICE:.4f}",
        "Recipients": [{field: message[field] for field in _FIELDS} for message in sent],
    }


def _response(data: dict[str, Any]) -> Response:
    """Return JSON if the client asks for it, as the SDK does, otherwise XML, as the vendor does."""
    if "application/json" in request.headers.get("Accept", ""):
        response = jsonify({"SMSMessageData": data})
    else:
        response = Response(render_template("sms.xml", **data), content_type="application/xml")
    response.status_code = 201
    return response


def _text(body: str, status: int = 200) -> Response:
    return Response(body, status, content_type="text/plain")
