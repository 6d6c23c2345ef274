"""The fakes of `dev.fakes`, and Kent in place of Sentry, as servers of a platform."""

from collections.abc import Mapping
from pathlib import Path

from dev.machine.state import State
from dev.servers.server import LOCALHOST, Program, Server, python


def _mailbox_variables(state: State, _given: Mapping[str, str]) -> dict[str, str]:
    smtp = {"SMTP_HOST": LOCALHOST, "SMTP_PORT": str(state.ports["mailbox"]), "SMTP_SECURITY": "none"}
    account = {"SMTP_USER": "", "SMTP_PASSWORD": ""}
    return smtp | account | {"BARAZA_MAILBOX": f"http://{LOCALHOST}:{state.ports['mailbox_http']}"}


def _mailbox(directory: Path, state: State, _environment: Mapping[str, str]) -> Program:
    ports = ("--smtp-port", state.ports["mailbox"], "--port", state.ports["mailbox_http"])
    return Program("mailbox", python("dev.fakes", "mailbox", *ports, "--folder", directory / "mailbox"))


def _sms_variables(state: State, given: Mapping[str, str]) -> dict[str, str]:
    url = f"http://{LOCALHOST}:{state.ports['sms_simulator']}"
    secret = given.get("AFRICASTALKING_CALLBACK_SECRET") or state.secret("africastalking_callback")
    vendor = {"AFRICASTALKING_API_KEY": state.secret("africastalking"), "AFRICASTALKING_CALLBACK_SECRET": secret}
    return vendor | {"AFRICASTALKING_URL": url, "BARAZA_SMS": url}


def _sms(directory: Path, state: State, environment: Mapping[str, str]) -> Program:
    url = f"{environment['BARAZA_URL']}/callbacks/africastalking/{environment['AFRICASTALKING_CALLBACK_SECRET']}/"
    secrets = {
        "AFRICASTALKING_API_KEY": environment["AFRICASTALKING_API_KEY"],
        "AFRICASTALKING_CALLBACK_URL": url,
    }
    options = ("--port", state.ports["sms_simulator"], "--folder", directory / "sms")
    return Program("sms_simulator", python("dev.fakes", "sms", *options), secrets)


def _sentry_variables(state: State, _given: Mapping[str, str]) -> dict[str, str]:
    address = f"{LOCALHOST}:{state.ports['sentry']}"
    return {"SENTRY_DSN": f"http://{state.secret('sentry', 16)}@{address}/1", "BARAZA_ERRORS": f"http://{address}"}


def _sentry(_directory: Path, state: State, _environment: Mapping[str, str]) -> Program:
    return Program("sentry", python("flask", "--app", "kent.app", "run", "--port", state.ports["sentry"]))


MAILBOX = Server("mailbox", ("SMTP_HOST",), ("mailbox", "mailbox_http"), _mailbox_variables, _mailbox)
SMS_SIMULATOR = Server("sms_simulator", ("AFRICASTALKING_API_KEY",), ("sms_simulator",), _sms_variables, _sms)
SENTRY = Server("sentry", ("SENTRY_DSN",), ("sentry",), _sentry_variables, _sentry)
