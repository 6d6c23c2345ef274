"""`python -m docker.dev.sentry --port N`."""

import argparse

from docker.dev.sentry.api import Api
from docker.dev.twins.faults import Faults
from docker.dev.twins.http import serve


def main() -> None:
    """Serve HTTP until told to end; what came is forgotten then."""
    parser = argparse.ArgumentParser(description="Takes error reports as Sentry does, and shows them.")
    parser.add_argument("--port", type=int, required=True)
    faults = Faults()
    serve("127.0.0.1", parser.parse_args().port, [*Api(faults).routes(), *faults.routes()])


if __name__ == "__main__":
    main()
