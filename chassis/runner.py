"""Runs the service classes of a module: `python -m chassis.runner orders.service`."""
# ruff: noqa: E402 - the other imports must come after the monkey patch

import eventlet

eventlet.monkey_patch()

import argparse
import logging.config
import signal
from typing import Any

from nameko.cli.run import import_service
from nameko.containers import ServiceContainer
from nameko.runners import ServiceRunner

from chassis import config
from chassis.db.psycopg2_eventlet import make_psycopg_green
from chassis.observability import error_reports, metrics_server, tracing

GRACE = 20  # seconds from SIGTERM or an unhandled error to the end of the process at the latest
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


def main() -> None:
    """Run until a signal arrives or a container fails; the supervisor restarts the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", help="a module with service classes, such as orders.service")
    module: str = parser.parse_args().module
    section = module.partition(".")[0]
    settings = config.load(section)
    make_psycopg_green(settings["postgresql"]["statement"])
    settings["max_workers"] = settings[section].get("max_workers", settings["max_workers"])
    logging.config.dictConfig(settings["LOGGING"])
    error_reports.start(settings, module)
    tracing.start(settings, module)
    run(module, settings)


def run(module: str, settings: dict[str, Any]) -> None:
    """Run the service classes that the module defines; Nameko would also run those that it imports."""
    runner = ServiceRunner(settings)
    runner.container_cls = Container
    for service in import_service(module):
        if service.__module__ == module:
            runner.add_service(service)
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: eventlet.spawn_n(stop, runner))
    metrics_server.start(settings)
    runner.start()
    _log.info("%s is ready", module)
    eventlet.spawn(runner.wait).wait()


class Container(ServiceContainer):
    """Nameko's container, which also ends when stopping it hangs."""

    def kill(self, exc_info: Any = None) -> None:
        """Report an unhandled error, then stop the container and with it the process."""
        end_within_grace()
        if exc_info is not None:
            error_reports.report(exc_info[1], service=self.service_name)
        super().kill(exc_info)


def stop(runner: ServiceRunner) -> None:
    """Finish the running workers, then end the process."""
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    end_within_grace()
    _log.info("stopping")
    runner.stop()


def end_within_grace() -> None:
    """Start an alarm that ends the process after GRACE seconds: stopping hangs while the broker is unavailable."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(GRACE)


if __name__ == "__main__":
    main()
