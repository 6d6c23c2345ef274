"""Structured logs with the request id: one JSON object a line, or one line of text for humans."""

import json
import logging
import re
from datetime import UTC, datetime

from chassis.observability import correlation

# What no formatter shows need not be looked up for each record: a third of its cost (Python's logging HOWTO).
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging._srcfile = None  # noqa: SLF001 - documented there

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id"}


class ContextFilter(logging.Filter):
    """Adds the request id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the request id of the current greenlet."""
        record.request_id = correlation.request_id.get()
        return True


class QuietFilter(logging.Filter):
    """Drops records that contain secrets or repeat others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop kombu's dumps of bodies, which may contain passwords, and Nameko's logs of a ServiceError."""
        if record.name.startswith("kombu") and "decode" in str(record.msg).lower():
            return False
        return not (record.name == "nameko.containers" and str(record.msg).startswith("(expected)"))


class LostBrokerFilter(logging.Filter):
    """Names the error of a lost connection to the broker instead of its traceback: a restart loses all connections."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the traceback of kombu's record by the name of the error."""
        if record.name == "kombu.mixins" and record.exc_info and record.exc_info[1]:
            record.msg, record.args = f"{record.getMessage().strip()} {type(record.exc_info[1]).__name__}", ()
            record.exc_info = None
        return True


class RedactingFilter(logging.Filter):
    """Redacts secrets in URL paths: the rest of a path after one of the segments in `after`."""

    def __init__(self, after: list[str]) -> None:
        super().__init__()
        segments = "|".join(map(re.escape, after))
        self._secret = re.compile(rf"(/(?:{segments})/+)[^\s'\"]+")

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace each secret by three asterisks."""
        text, count = self._secret.subn(r"\1***", record.getMessage())
        if count:
            record.msg, record.args = text, ()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the values of `extra` as fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class LineFormatter(logging.Formatter):
    """One line of text for humans: time, level, request id, message, and the values of `extra` as name=value."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s [%(request_id)s] %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of text."""
        extras = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        return " ".join([super().format(record), *extras])


def formatter(style: str) -> logging.Formatter:
    """Return the formatter for `json` or `text`."""
    return JsonFormatter() if style == "json" else LineFormatter()
