"""How much the tests inject: little in `make test`, much in `make faults`, which sets FAULTS_LONG."""

import os
import secrets

LONG = bool(os.environ.get("FAULTS_LONG"))
SEED = int(os.environ.get("SEED") or (secrets.randbelow(10**6) if LONG else 20261128))
SHRINK = bool(os.environ.get("SHRINK"))
ROUNDS = int(os.environ.get("ROUNDS") or (10 if LONG else 1))
ROUND = 60 if LONG else 20  # seconds in which faults begin
CRASHES = 100 if LONG else 3  # at each point
JUNK = 50_000 if LONG else 2_000  # inputs
