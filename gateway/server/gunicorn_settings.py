"""gunicorn's settings, from config.yml."""

import gc
import os
import resource
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import gevent

from chassis.config import load
from gateway.server import lean_responses, slow_clients, tls

# The settings import PyJWT before gevent patches ssl. Its module that uses ssl fetches keys by HTTP, which the gateway
# does not do. Any other module in the list of this warning is a fault.
_JWT_ONLY = r"Monkey-patching ssl .* Modules that had direct imports \(NOT patched\): \['jwt\.jwks_client \([^']*\)'\]"
warnings.filterwarnings("ignore", message=_JWT_ONLY)

IDLE = 2  # seconds between closing idle connections at shutdown; gunicorn accepts connections for one more second

gevent.config.track_greenlet_tree = False  # each greenlet would keep where it was started, which nothing reads

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
timeout = 60  # seconds without a heartbeat from a worker
graceful_timeout = 15  # seconds
tls.check(_gateway["tls"]["certificate"], _gateway["tls"]["key"])
certfile = _gateway["tls"]["certificate"] or None
keyfile = _gateway["tls"]["key"] or None
control_socket_disable = True
sendfile = False  # gateway/server/lean_responses.py writes all bodies
logger_class = "gateway.server.logger.Logger"
# The platform's log handlers instead of gunicorn's.
logconfig_dict = _settings["LOGGING"] | {"loggers": {"gunicorn.error": {"level": "INFO", "propagate": True}}}
limit_request_line = 8190
limit_request_fields = 48
limit_request_field_size = 8190
forwarded_allow_ips = ""  # the guard reads X-Forwarded-For


def on_starting(_server: Any) -> None:
    """Delete metrics of earlier processes; raise the limit of open files, one per websocket, to the maximum."""
    _metrics.mkdir(parents=True, exist_ok=True)
    for file in _metrics.glob("*.db"):
        file.unlink()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def child_exit(_server: Any, worker: Any) -> None:
    """Remove a dead worker's gauges from the metrics."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see above

    mark_process_dead(worker.pid, str(_metrics))  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Remove the temporary directory."""
    if _temporary:
        shutil.rmtree(_metrics, ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """Prepare a web process.

    A greenlet closes websockets and idle connections at shutdown: gunicorn would wait for them.
    """
    from gateway.server.errors import use_problem_documents  # noqa: PLC0415 - it imports prometheus-client, see above

    use_problem_documents()
    slow_clients.limit()
    lean_responses.install()
    lean_responses.fix_settings(worker.cfg)
    gevent.spawn(_close_connections, worker)
    gc.collect()
    gc.freeze()  # a full collection stops all requests; while thousands of websockets open there are many


def _close_connections(worker: Any) -> None:
    while worker.alive:
        gevent.sleep(0.2)
    worker.wsgi.close()
    while True:
        gevent.sleep(IDLE)
        worker.close_idle()
