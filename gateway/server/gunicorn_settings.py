"""gunicorn's settings, from config.yml."""

import os
import resource
import shutil
import tempfile
from pathlib import Path
from typing import Any

import gevent

from chassis.config import load

LULL = 2  # seconds; gunicorn takes connections for one more second, and whoever made one has something to say

_settings = load("gateway")
_gateway = _settings["gateway"]
_temporary = not _gateway["metrics"]["directory"]
_metrics = Path(tempfile.mkdtemp(prefix="baraza-metrics-") if _temporary else _gateway["metrics"]["directory"])
# prometheus-client looks for it once, when it is imported; so nothing here may import it before.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)

bind = _gateway["bind"]
workers = _gateway["processes"]
worker_class = (
    "gateway.server.worker.Worker"  # gevent's: a websocket costs a greenlet; gthread would spend two threads on it
)
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
    """Forget what earlier processes measured; take all the descriptors that the system grants, one a websocket."""
    _metrics.mkdir(parents=True, exist_ok=True)
    for file in _metrics.glob("*.db"):
        file.unlink()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def child_exit(_server: Any, worker: Any) -> None:
    """Let what a worker had open no longer count as open."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see above

    mark_process_dead(worker.pid, str(_metrics))  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Take the temporary directory away."""
    if _temporary:
        shutil.rmtree(_metrics, ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """Watch for the end: websockets and idle connections never end by themselves, and gunicorn would wait for them."""
    from gateway.server.errors import refuse_with_problem_documents  # noqa: PLC0415 - it measures, see above

    refuse_with_problem_documents()
    gevent.spawn(_say_goodbye, worker)


def _say_goodbye(worker: Any) -> None:
    while worker.alive:
        gevent.sleep(0.2)
    worker.wsgi.close()
    while True:
        gevent.sleep(LULL)
        worker.hang_up()
