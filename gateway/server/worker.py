"""gunicorn's gevent worker, which at its end does not wait for clients that have nothing to say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker


class Worker(GeventWorker):
    """Knows its idle connections: gunicorn would wait for each of them until its graceful timeout."""

    _idle: dict[Any, gevent.Timeout]  # by the greenlet that waits

    def init_process(self) -> None:
        """Begin without connections; runs in the worker, for as long as that lives."""
        self._idle = {}
        super().init_process()

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Limit the wait for the next request of a connection."""
        mine = gevent.getcurrent()
        with gevent.Timeout(self.cfg.keepalive, False) as patience:  # type: ignore[arg-type] # noqa: FBT003 - silently
            self._idle[mine] = patience
            try:
                yield
            finally:
                del self._idle[mine]

    def hang_up(self) -> None:
        """Close the connections that wait for a next request."""
        gevent.get_hub().loop.run_callback(self._hang_up)

    def _hang_up(self) -> None:
        """End their patience; in the hub, as a timer does it, where none of them can go on meanwhile."""
        for waiting, patience in list(self._idle.items()):
            waiting.throw(patience)
