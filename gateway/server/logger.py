"""gunicorn's logger without its access log, which costs a tenth of a cached response although nothing writes it."""

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger


class Logger(GunicornLogger):
    """Logs errors only; `gateway/http/responses.py` logs requests."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Log nothing."""
