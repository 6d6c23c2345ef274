"""Calls to the own gateway over TLS."""

import ssl


def unverified(url: str) -> ssl.SSLContext | None:
    """Return a context that takes any certificate, as it need not name 127.0.0.1; None for a URL without TLS."""
    if not url.startswith(("https:", "wss:")):
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
