"""Run a fake: `python -m dev.fakes mailbox|sms --port N --folder DIR [--host ADDRESS] [--smtp-port N]`.

The SMS simulator accepts the key in AFRICASTALKING_API_KEY, and posts delivery reports and opt-outs to the address in
AFRICASTALKING_CALLBACK_URL, if it is set.
"""

import argparse
import os
from pathlib import Path

from dev.fakes.app import Faults, serve
from dev.fakes.mailbox import mailbox_app
from dev.fakes.mailbox.smtp import smtp_server
from dev.fakes.mailbox.store import Mails
from dev.fakes.sms import sms_app
from dev.fakes.sms.reports import Reports
from dev.fakes.sms.store import Texts


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fake", choices=("mailbox", "sms"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="of the HTTP interface")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--folder", type=Path, required=True, help="of the messages")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    faults = Faults()
    if options.fake == "mailbox":
        mails = Mails(options.folder)
        smtp_server(options.host, options.smtp_port, mails, faults).start()  # in a thread that ends with the process
        app = mailbox_app(mails, faults)
    else:
        texts = Texts(options.folder)
        reports = Reports(os.environ.get("AFRICASTALKING_CALLBACK_URL", ""), texts, faults)
        app = sms_app(os.environ["AFRICASTALKING_API_KEY"], texts, faults, reports)
    serve(app, options.host, options.port)


if __name__ == "__main__":
    main()
