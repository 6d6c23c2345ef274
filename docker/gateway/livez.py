"""The health check of the gateway's container: whether /livez answers. Ends with an error when it does not."""

import os
import ssl
import urllib.request

TIMEOUT = 4  # seconds


def address(environment: dict[str, str]) -> str:
    """Return where the gateway listens, seen from its own container."""
    scheme = "https" if environment.get("TLS_CERT") else "http"
    return f"{scheme}://127.0.0.1:{environment['PORT']}/livez"


def main() -> None:
    """Ask. The certificate names the public host, not this address, and is nobody's business here."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - it is our own process
    urllib.request.urlopen(address(dict(os.environ)), timeout=TIMEOUT, context=context).close()  # noqa: S310 - as above


if __name__ == "__main__":
    main()
