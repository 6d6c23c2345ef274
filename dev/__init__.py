"""The tools behind the Makefile: run, check and test the platform on one machine. `python -m dev <command>`.

machine      files, ports, processes, locks and waiting
servers      private RabbitMQ, PostgreSQL, Redis, HAProxy and Prometheus; the fakes as processes
platform     a running platform: its environment, its processes under supervisord, start and stop
commands     what a user runs
suite        the checks and tests

Each of these imports only those above it. `fakes`, the local stand-ins for external services, is on its own.
"""


class DevError(Exception):
    """A failure that the user can act on: the command prints its text without a traceback."""
