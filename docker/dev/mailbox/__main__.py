"""`python -m docker.dev.mailbox --smtp-port N --http-port M --folder DIR`; with `--host`, not on this machine alone."""

import argparse
from pathlib import Path

from docker.dev.mailbox.smtp import controller
from docker.dev.mailbox.store import Store
from docker.dev.mailbox.view import View
from docker.dev.twins.faults import Faults
from docker.dev.twins.http import serve


def main() -> None:
    """Serve SMTP and HTTP until told to end."""
    parser = argparse.ArgumentParser(description="An SMTP server that keeps every message as a file.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    store, faults = Store(arguments.folder), Faults()
    smtp = controller(arguments.host, arguments.smtp_port, store, faults)
    smtp.start()
    try:
        serve(arguments.host, arguments.http_port, [*View(store).routes(), *faults.routes()])
    finally:
        smtp.stop()


if __name__ == "__main__":
    main()
