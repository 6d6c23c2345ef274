"""gunicorn's settings, from config.yml."""

import resource
from typing import Any

import gevent

from chassis.config import load

_settings = load("gateway")
_gateway = _settings["gateway"]

bind = _gateway["bind"]
workers = _gateway["processes"]
worker_class = "gevent"  # a websocket costs a greenlet; gthread would spend two threads on it
worker_connections = 10_000
keepalive = 75  # seconds
timeout = 60  # seconds without a sign of life from a worker
graceful_timeout = 15  # seconds
certfile = _gateway["tls"]["certificate"] or None
keyfile = _gateway["tls"]["key"] or None
control_socket_disable = True
# Our handlers in place of gunicorn's own.
logconfig_dict = _settings["LOGGING"] | {"loggers": {"gunicorn.error": {"level": "INFO", "propagate": True}}}
limit_request_line = 8190
forwarded_allow_ips = ""  # the guard reads X-Forwarded-For itself


def on_starting(_server: Any) -> None:
    """Take all the descriptors that the system grants: each websocket needs one, and 1,024 are usual."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def post_worker_init(worker: Any) -> None:
    """Watch for the end: a websocket's greenlet never ends by itself, and gunicorn would wait for it."""
    gevent.spawn(_say_goodbye, worker)


def _say_goodbye(worker: Any) -> None:
    while worker.alive:
        gevent.sleep(0.2)
    worker.wsgi.close()
