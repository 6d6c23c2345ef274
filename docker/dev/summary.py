"""What is printed when everything is up: where things are, and something to try."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from docker.dev.places import ROOT

_TRY = """\
Try   make demo
      curl {insecure}{url}/register/ -H 'Content-Type: application/json' \\
           -d '{{"username": "amina", "email": "amina@example.org", "password": "a long pass phrase"}}'
"""


def text(environment: Mapping[str, str], directory: Path) -> str:
    """Return the addresses of an instance, private services only where they are private."""
    url = environment["BARAZA_URL"]
    lines = [("API", url), ("its page", f"{url}/docs/")]
    if mailbox := environment.get("BARAZA_MAILBOX"):
        lines.append(("e-mails", f"{mailbox}   files {_short(directory / 'mailbox')}"))
    if sms := environment.get("BARAZA_SMS"):
        lines.append(("SMS", f"{sms}   file {_short(directory / 'sms')}"))
    if errors := environment.get("BARAZA_ERRORS"):
        lines.append(("errors", errors))
    if management := environment.get("BARAZA_RABBITMQ_MANAGEMENT"):
        lines.append(("RabbitMQ", f"{_without_password(management)}   user and password in the variables below"))
    lines.append(("logs", _short(directory / "log")))
    lines.append(("variables", _short(directory / "environment")))
    table = "\n".join(f"  {title:<10} {value}" for title, value in lines)
    insecure = "--insecure " if url.startswith("https") else ""
    return f"\n{table}\n\n{_TRY.format(url=url, insecure=insecure)}\nCtrl-C or `make stop` ends all of it."


def _without_password(url: str) -> str:
    """Terminals are recorded and shared."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}"


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))
