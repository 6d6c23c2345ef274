"""`make check`: what needs no server."""

import os
import sys

from docker.dev.running import run_all, summarise
from docker.dev.suite import CHECKS

if __name__ == "__main__":
    sys.exit(summarise(run_all(CHECKS, os.environ)))
