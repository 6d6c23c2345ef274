"""`python -m docker.dev.sms_simulator --port N --folder DIR`, the key in AFRICASTALKING_API_KEY.

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
    parser.add_argument("--callback-url", help="where delivery reports go, as set in the vendor's dashboard")
    arguments = parser.parse_args()
    faults = Faults()
    key = os.environ["AFRICASTALKING_API_KEY"]
    api = Api(key, Ledger(arguments.folder), faults, Reports(arguments.callback_url))
    serve(arguments.host, arguments.port, [*api.routes(), *faults.routes()])


if __name__ == "__main__":
    main()
