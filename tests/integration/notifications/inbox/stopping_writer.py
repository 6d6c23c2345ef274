"""A notifications process that stops inside a transaction: `python -m ...stopping_writer NOTIFICATION USER`.

It holds the lock of inboxes, prints `locked`, and stops itself with SIGSTOP. When it continues, it repeats the
transaction after an error, as every handler does, and prints each result.
"""

import os
import signal
import sys

from chassis import config
from chassis.db.engine import create_engine
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import DeadlineExceeded
from notifications.inbox import frame_sequence, inbox_store
from tests.integration.support.databases import unit_of_work


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def write(db: UnitOfWork, notification: str, user: str, *, stop: bool) -> None:
    with db.write() as session:
        inbox_store.add(session, {notification: [user]})
        frame_sequence.next_of(session, [user])
        if stop:
            say("locked")
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    settings = config.load("notifications")
    engine = create_engine(settings["notifications"]["database"], timeouts=settings["postgresql"])
    transactions = unit_of_work(engine)
    try:
        write(transactions, *sys.argv[1:], stop=True)
    except DeadlineExceeded:
        say("unknown")
        write(transactions, *sys.argv[1:], stop=False)
    say("written")
