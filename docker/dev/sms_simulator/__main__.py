"""`python -m docker.dev.sms_simulator --port N --folder DIR`; what is secret is in its environment.

AFRICASTALKING_API_KEY is the key that is let in; AFRICASTALKING_CALLBACK_URL, if it is there, is where delivery reports
go, as set in the vendor's dashboard.

`--host` as the mailbox's.
"""

import argparse
import os
from pathlib import Path

from docker.dev.sms_simulator.api import Api
from docker.dev.sms_simulator.ledger import Ledger
from docker.dev.sms_simulator.reports import Reports
from docker.dev.twins.faults import Faults
from docker.dev.twins.http import serve


def main() -> None:
    """Serve HTTP until told to end."""
    parser = argparse.ArgumentParser(description="Africa's Talking's SMS API without any SMS.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    faults, ledger = Faults(), Ledger(arguments.folder)
    reports = Reports(os.environ.get("AFRICASTALKING_CALLBACK_URL"), ledger, faults)
    api = Api(os.environ["AFRICASTALKING_API_KEY"], ledger, faults, reports)
    serve(arguments.host, arguments.port, [*api.routes(), *faults.routes()])


if __name__ == "__main__":
    main()
