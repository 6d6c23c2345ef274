"""Health check of the gateway's container: exits with an error unless GET /livez answers 2xx."""

import os
import ssl
import urllib.request
from collections.abc import Mapping

TIMEOUT = 4  # seconds


def livez_url(environment: Mapping[str, str]) -> str:
    """Return the URL of /livez as seen from inside the container."""
    scheme = "https" if environment.get("TLS_CERT") else "http"
    return f"{scheme}://127.0.0.1:{environment['PORT']}/livez"


def main() -> None:
    """Request /livez. The certificate names the public host, not 127.0.0.1, so it is not verified."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - the process is our own
    urllib.request.urlopen(livez_url(os.environ), timeout=TIMEOUT, context=context).close()  # noqa: S310 - http or https


if __name__ == "__main__":
    main()
