"""What the fakes have in common: scripted faults, the routes for messages and faults, and the server."""

import logging
import signal
import sys
from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

_LARGEST_BODY = 1_048_576  # bytes


class Faults:
    """The scripted faults that have not happened yet, oldest first. Threads share it."""

    def __init__(self) -> None:
        self._due: list[dict[str, Any]] = []
        self._lock = Lock()

    def add(self, fault: dict[str, Any]) -> int:
        """Add a fault and return how many are due."""
        with self._lock:
            self._due.append({"count": 1, **fault})
            return len(self._due)

    def take(self, key: str, to: str = "") -> Any:
        """Return the value under `key` of the first fault that has it, and count it; None if there is none."""
        with self._lock:
            for fault in self._due:
                if key in fault and fault.get("to", to) == to:
                    fault["count"] -= 1
                    self._due = [each for each in self._due if each["count"] > 0]
                    return fault[key]
        return None

    def clear(self) -> None:
        """Remove all."""
        with self._lock:
            self._due.clear()


def create_app(store: Any, faults: Faults) -> Flask:
    """Return an application with the routes that every fake has.

    `store` has `all(to)`, `newest_text(to)` and `clear()`.
    """
    app = Flask("dev.fakes")
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider

    @app.get("/messages")
    def messages() -> Response:
        return jsonify(list(store.all(request.args.get("to"))))

    @app.get("/newest")
    def newest() -> Response:
        text = store.newest_text(request.args.get("to"))
        return Response(text or "no message\n", 404 if text is None else 200, mimetype="text/plain")

    @app.post("/faults")
    def add_fault() -> tuple[dict[str, int], int]:
        return {"due": faults.add(request.get_json(force=True))}, 201

    @app.delete("/<any(messages, faults):what>")
    def delete(what: str) -> tuple[str, int]:
        {"messages": store, "faults": faults}[what].clear()
        return "", 204

    return app


def serve(app: Flask, host: str, port: int) -> None:
    """Serve with a thread for each connection until SIGTERM, which ends the process with exit code 0."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # requests are not logged
    make_server(host, port, app, threaded=True).serve_forever()
