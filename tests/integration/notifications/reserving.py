"""A process that reserves SMS, one after the other.

`python -m tests.integration.notifications.reserving URL BUDGET TIMES` prints how many it got.
"""

import sys

import nameko_sqlalchemy
from sqlalchemy.orm import sessionmaker

from chassis.db.engine import create_engine
from chassis.db.unit_of_work import UnitOfWork
from notifications.channels.sms.counter import Counter
from notifications.channels.sms.daily_limits import Limits

if __name__ == "__main__":
    url, budget, times = sys.argv[1:]
    db = UnitOfWork(sessionmaker(create_engine({"url": url}), class_=nameko_sqlalchemy.database.Session))
    counter = Counter(db, Limits(per_number=1000, budget=int(budget), key=b"key"))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # so that all begin together
    sys.stdout.write(str(sum(len(counter.reserve([f"+254711{n:06d}"])[1].granted) for n in range(int(times)))))
