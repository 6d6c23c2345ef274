"""Starts the web processes: `python -m gateway.server`."""

import os
import sys

from chassis.config import load

SETTINGS = "gateway/server/gunicorn_settings.py"
APP = "gateway.app:create_app()"


def main() -> None:
    """Check the configuration, and become gunicorn."""
    settings = load("gateway")
    # gunicorn reads this variable itself, before its settings; text that is no number would end it with a traceback.
    os.environ["WEB_CONCURRENCY"] = str(settings["gateway"]["processes"])
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", SETTINGS, APP])  # noqa: S606 - ours


if __name__ == "__main__":
    main()
