"""An SMTP server that stores every message as a file and delivers nothing.

GET /messages/<id> has a whole message, GET /newest?to=<address> the text of the newest one.

The keys of its faults are phases of the SMTP dialogue:

    {"mail": "421 closing"}            the reply to MAIL FROM
    {"rcpt": "550 no such user"}       the reply to RCPT TO; with "to" only for that address
    {"data": "452 disk full"}          the reply to the message, which is not stored
    {"hang": 20}                       seconds before the reply to the message
    {"drop": true}                     the message is stored and the connection ends before the reply
"""

from typing import Any

from flask import Flask, render_template

from dev.fakes.app import Faults, create_app
from dev.fakes.mailbox.store import Mails


def mailbox_app(mails: Mails, faults: Faults) -> Flask:
    """Return the application."""
    app = create_app(mails, faults)

    @app.get("/messages/<name>")
    def message(name: str) -> Any:
        return mails.find(name) or ({"error": "no such message"}, 404)

    @app.get("/")
    def index() -> str:
        return render_template("mailbox.html", messages=reversed(list(mails.all())))

    @app.get("/show/<name>")
    def show(name: str) -> tuple[str, int]:
        found = mails.find(name)
        return render_template("message.html", message=found), 200 if found else 404

    return app
