"""Migrates databases to the newest revision: `python -m chassis.commands.migrate orders`.

It is safe beside a running system: a migration waits only seconds for a lock, and two never run at the same time.
"""

import argparse
import logging.config

import alembic.command

from chassis import config
from chassis.db.migrations import alembic_config


def main() -> None:
    """Migrate the databases of the named services, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="+")
    services: list[str] = parser.parse_args().services
    logging.config.dictConfig(config.load()["LOGGING"])
    for service in services:
        alembic.command.upgrade(alembic_config(service), "head")


if __name__ == "__main__":
    main()
