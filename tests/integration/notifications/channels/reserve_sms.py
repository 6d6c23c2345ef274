"""A process that reserves SMS: `python -m tests.integration.notifications.channels.reserve_sms URL BUDGET TIMES`.

Prints how many the budget allowed.
"""

import sys

from chassis.db.engine import create_engine
from notifications.channels.sms.counter import Counter
from notifications.channels.sms.daily_limits import Limits
from tests.integration.support.databases import unit_of_work

if __name__ == "__main__":
    url, budget, times = sys.argv[1:]
    db = unit_of_work(create_engine({"url": url}))
    counter = Counter(db, Limits(per_number=1000, budget=int(budget), key=b"key"))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # the test starts all processes together
    sys.stdout.write(str(sum(len(counter.reserve([f"+254711{n:06d}"])[1].allowed) for n in range(int(times)))))
