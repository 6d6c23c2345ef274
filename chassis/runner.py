"""Runs the service classes of modules in one process: `python -m chassis.runner orders.service`."""
# ruff: noqa: E402 - the other imports must come after the monkey patch

import eventlet

eventlet.monkey_patch()

import argparse
import gc
import logging.config
import signal
from collections.abc import Mapping
from functools import partial
from typing import Any

from eventlet.event import Event as Signal
from eventlet.hubs import trampoline
from nameko.cli.run import import_service
from nameko.containers import ServiceContainer
from nameko.runners import ServiceRunner

from chassis import config
from chassis.db import psycopg2_green
from chassis.observability import error_reports, metrics_server, tracing

MARGIN = 5  # seconds beyond the statement_timeout, which PostgreSQL enforces, for a server that does not reply
GRACE = 20  # seconds from SIGTERM or an unhandled error to the end of the process at the latest
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


def main() -> None:
    """Run until a signal arrives or a container fails; the supervisor restarts the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+", help="modules with service classes, such as orders.service")
    modules: list[str] = parser.parse_args().modules
    settings = {module: load_settings(module) for module in modules}
    common, component = settings[modules[0]], ",".join(modules)
    make_psycopg_green(common["postgresql"]["statement"])
    logging.config.dictConfig(common["LOGGING"])
    error_reports.start(common, component)
    tracing.start(common, component)
    run(settings)


def make_psycopg_green(statement_timeout: float) -> None:
    """Let other greenlets run while one waits for PostgreSQL; eventlet's own patch has no timeout."""
    read, write = partial(trampoline, read=True), partial(trampoline, write=True)
    psycopg2_green.make_psycopg_green(read, write, statement_timeout + MARGIN)


def load_settings(module: str) -> dict[str, Any]:
    """Return the settings of a module."""
    package = module.partition(".")[0]
    settings = config.load(package, owner=config.service_of(module))
    settings["max_workers"] = settings[package].get("max_workers", settings["max_workers"])
    return settings


def run(settings: Mapping[str, dict[str, Any]]) -> None:
    """Run the service classes that modules define, each with the settings of its module.

    Nameko would also run classes that a module imports.
    """
    common = next(iter(settings.values()))
    runner = ServiceRunner(common)
    for module, own in settings.items():
        for service in import_service(module):
            if service.__module__ == module:
                runner.service_map[service.name] = Container(service, own)
    started = Signal()
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: eventlet.spawn_n(stop, runner, started))
    metrics_server.start(common)
    runner.start()
    started.send()
    gc.collect()
    gc.freeze()  # modules and settings live forever; looking at them again took half the time of a large reply
    _log.info("%s is ready", ", ".join(settings))
    eventlet.spawn(runner.wait).wait()


class Container(ServiceContainer):
    """Nameko's container, which also ends when stopping it hangs."""

    def kill(self, exc_info: Any = None) -> None:
        """Report an unhandled error, then stop the container and with it the process."""
        end_within_grace()
        if exc_info is not None:
            error_reports.report(exc_info[1], service=self.service_name)
        super().kill(exc_info)


def stop(runner: ServiceRunner, started: Signal) -> None:
    """Finish the start and the running workers, then end the process.

    Nameko cannot stop a container that is still starting: its extensions would fail, and the process would hang.
    """
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    end_within_grace()
    _log.info("stopping")
    started.wait()
    runner.stop()


def end_within_grace() -> None:
    """Start an alarm that ends the process after GRACE seconds: stopping hangs while the broker is unavailable."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(GRACE)


if __name__ == "__main__":
    main()
