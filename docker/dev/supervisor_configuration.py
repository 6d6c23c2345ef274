"""The supervisor's configuration, made from the programs' table."""

import getpass
import resource
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.dev.places import ROOT
from docker.dev.programs import Program

_OPEN_FILES = 16_384  # a websocket is one

_HEAD = """\
[supervisord]
nodaemon = true
silent = true
user = {user}
umask = 077
minfds = {files}
identifier = baraza
directory = {directory}
pidfile = {directory}/supervisord.pid
logfile = {log}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 2

[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# Groups stop in the reverse order of their priority, the programs of a group together.
_GROUP = """\

[group:{name}]
programs = {programs}
priority = {priority}
"""

# Started again whenever it ends. The pause between attempts grows by a second each time, so a hundred
# of them are more than an hour: longer than any dependency should be away.
_PROGRAM = """\

[program:{name}]
command = {command}
directory = {directory}
{user}environment = {environment}
autostart = false
autorestart = true
startsecs = 2
startretries = 100
stopsignal = {stop_signal}
stopwaitsecs = {stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}/{name}.log
stdout_logfile_maxbytes = 5MB
stdout_logfile_backups = 2
"""


def render(directory: Path, socket: Path, groups: Mapping[str, Sequence[Program]]) -> str:
    """Text of supervisord.conf; the groups start in the order given."""
    log = directory / "log"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    parts = [_HEAD.format(user=getpass.getuser(), files=files, directory=directory, log=log, socket=socket)]
    for priority, (name, programs) in enumerate(groups.items(), start=1):
        if programs:
            names = ",".join(program.name for program in programs)
            parts.append(_GROUP.format(name=name, programs=names, priority=priority))
            parts += [_program(program, log) for program in programs]
    return "".join(parts)


def _program(program: Program, log: Path) -> str:
    return _PROGRAM.format(
        name=program.name,
        command=_escape(shlex.join(program.command)),
        directory="/" if program.user else ROOT,  # another account may not be able to enter the clone
        user=f"user = {program.user}\n" if program.user else "",
        environment=",".join(f'{key}="{_escape(value)}"' for key, value in program.environment.items()),
        stop_signal=program.stop_signal,
        stop_seconds=program.stop_seconds,
        log=log,
    )


def _escape(text: str) -> str:
    """Double the percent sign, which starts an expansion in this format."""
    return text.replace("%", "%%")
