"""gunicorn's gevent worker, which does not wait for idle connections at shutdown, nor long for slow clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

from gateway.server import slow_clients


class Worker(GeventWorker):
    """Keeps track of idle connections: gunicorn would wait for each of them until its graceful timeout.

    Limits what slow clients cost.
    """

    _idle: dict[Any, gevent.Timeout]  # by the greenlet that waits

    def init_process(self) -> None:
        """Run the worker's main loop, in the worker process."""
        self._idle = {}
        super().init_process()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection."""
        if slow_clients.finish_handshake(client):
            super().handle(listener, client, addr)
        else:
            client.close()

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Serve a request; close the connection if the rest of its body does not arrive. Raises StopIteration."""
        super().handle_request(listener_name, req, sock, addr)
        if not slow_clients.discard_body(req):
            raise StopIteration

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Limit the time to wait for a connection's next request."""
        waiting = gevent.getcurrent()
        with gevent.Timeout(self.cfg.keepalive, False) as timeout:  # type: ignore[arg-type] # noqa: FBT003 - silently
            self._idle[waiting] = timeout
            try:
                yield
            finally:
                del self._idle[waiting]

    def close_idle(self) -> None:
        """Close the connections that wait for their next request."""
        gevent.get_hub().loop.run_callback(self._close_idle)

    def _close_idle(self) -> None:
        """Raise their timeouts; in the hub, where no greenlet runs meanwhile."""
        for waiting, timeout in list(self._idle.items()):
            waiting.throw(timeout)
