"""Checks the certificate of HTTPS before the gateway starts; gunicorn reads it at each connection."""

import ssl


def check(certificate: str, key: str) -> None:
    """Raise SystemExit unless the files are a certificate and its key; both empty: no HTTPS."""
    if not certificate and not key:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key or None, password="")
    except OSError as error:  # also SSLError
        raise SystemExit(f"config.yml: TLS_CERT and TLS_KEY are no certificate with its key: {error}") from None
