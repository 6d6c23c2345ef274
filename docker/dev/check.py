"""`make check`: what needs no server."""

import os
import sys

from docker.dev.running import Runner, summarise
from docker.dev.suite import CHECKS

if __name__ == "__main__":
    sys.exit(summarise(Runner().run_all(CHECKS, os.environ)))
