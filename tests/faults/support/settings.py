"""How much the tests inject: little in `make test`, much in `make faults`, which sets FAULTS_LONG."""

import os
import secrets

LONG = bool(os.environ.get("FAULTS_LONG"))
SEED = int(os.environ.get("SEED") or (secrets.randbelow(10**6) if LONG else 20261128))
SHRINK = bool(os.environ.get("SHRINK"))


def _number(name: str, *, short: int, long: int) -> int:
    return int(os.environ.get(name) or (long if LONG else short))


ROUNDS = _number("ROUNDS", short=1, long=10)
ROUND = _number("ROUND", short=15, long=60)  # seconds in which faults begin
CRASHES = _number("CRASHES", short=3, long=100)  # at each point
JUNK = _number("JUNK", short=2_000, long=50_000)  # inputs
