"""Structured logs: one JSON object a line, or one readable line; each with the request id."""

import json
import logging
import re
from datetime import UTC, datetime

from chassis.observability import correlation

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id"}


class ContextFilter(logging.Filter):
    """Stamps the request id on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add what the current greenlet knows; never drop anything."""
        record.request_id = correlation.request_id.get()
        return True


class QuietFilter(logging.Filter):
    """Drops what must not or need not be read."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop kombu's dumps of undecodable bodies (they may hold passwords) and refusals that were answered."""
        if record.name.startswith("kombu") and "decode" in str(record.msg).lower():
            return False
        return not (record.name == "nameko.containers" and str(record.msg).startswith("(expected)"))


class RedactingFilter(logging.Filter):
    """Takes secrets out of paths: whatever follows the parts of a path that it knows, up to its end."""

    def __init__(self, after: list[str]) -> None:
        super().__init__()
        known = "|".join(map(re.escape, after))
        self._secret = re.compile(rf"(/(?:{known})/+)[^\s'\"]+")

    def filter(self, record: logging.LogRecord) -> bool:
        """Write three stars in place of a secret; never drop anything."""
        text, found = self._secret.subn(r"\1***", record.getMessage())
        if found:
            record.msg, record.args = text, ()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line; what was passed as `extra` becomes fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
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
    """For eyes: time, level, request id, message, and the extras as name=value."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s [%(request_id)s] %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, its extras behind the message."""
        extras = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        return " ".join([super().format(record), *extras])


def formatter(style: str) -> logging.Formatter:
    """Return the formatter for `json` or `text`."""
    return JsonFormatter() if style == "json" else LineFormatter()
