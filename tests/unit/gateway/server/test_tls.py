"""The certificate of HTTPS is checked at the start."""

from pathlib import Path

import pytest
import trustme

from gateway.server import tls


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return the paths of a certificate, its key, both in one file, and another key."""
    authority, paths = trustme.CA(), {}
    issued, other = authority.issue_cert("127.0.0.1"), authority.issue_cert("127.0.0.2")
    content = {
        "": b"",
        "nowhere": None,
        "certificate": issued.cert_chain_pems[0].bytes(),
        "key": issued.private_key_pem.bytes(),
        "both": issued.private_key_and_cert_chain_pem.bytes(),
        "other key": other.private_key_pem.bytes(),
    }
    for name, data in content.items():
        paths[name] = str(tmp_path / name) if name else ""
        if data:
            Path(paths[name]).write_bytes(data)
    return paths


@pytest.mark.parametrize(("certificate", "key"), [("", ""), ("certificate", "key"), ("both", "both"), ("both", "")])
def test_certificate_with_its_key_is_accepted(files: dict[str, str], certificate: str, key: str) -> None:
    tls.check(files[certificate], files[key])


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("certificate", ""), ("", "key"), ("nowhere", "key"), ("certificate", "nowhere"), ("certificate", "other key")],
)
def test_other_files_stop_the_start(files: dict[str, str], certificate: str, key: str) -> None:
    with pytest.raises(SystemExit, match="TLS_CERT and TLS_KEY are no certificate with its key: "):
        tls.check(files[certificate], files[key])
