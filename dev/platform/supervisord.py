"""The configuration of supervisord, with all programs of an instance: dev/templates/supervisord.conf."""

import getpass
import resource
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from dev.machine.files import ROOT, render
from dev.machine.processes import MARKER
from dev.machine.state import State
from dev.platform.programs import modules, process_names, process_variables, topology
from dev.servers import haproxy, postgresql, private, prometheus

_OPEN_FILES = 16_384  # a websocket needs one


def configuration(directory: Path, state: State, given: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return supervisord.conf for the user's variables and the composed environment."""
    chosen, limit = topology(given), resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    processes = [name for program in chosen.programs for name in process_names(program, chosen.replicas)]
    servers, data = private(given), postgresql.data_directory(directory)
    return render(
        "supervisord.conf",
        root=str(ROOT),
        directory=str(directory),
        python=sys.executable,
        user=getpass.getuser(),
        open_files=_OPEN_FILES if limit == resource.RLIM_INFINITY else min(_OPEN_FILES, limit),
        ports=state.ports,
        secret=state.secret,
        variables=environment,
        private=servers,
        postgresql=f"{postgresql.binaries(data)}/postgres" if "postgresql" in servers else "",
        data=data,
        account=postgresql.account(),
        services=chosen.services,
        modules=modules,
        replicas=chosen.replicas,
        names=partial(process_names, count=chosen.replicas),
        processes=[*processes, "haproxy"] if chosen.replicas > 1 else processes,
        own=partial(process_variables, environment),
        haproxy_socket=haproxy.socket_path(directory),
        marker=MARKER,
        exporters=prometheus.postgresql_servers(environment),
        redis_exporter=prometheus.redis_variables(environment),
    )
