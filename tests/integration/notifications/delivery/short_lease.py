"""The deliveries service as a process that a test kills, with leases of two seconds: run with `python -m`."""

from chassis import runner  # isort: skip - it patches what others import
from chassis import config

if __name__ == "__main__":
    settings = config.load("notifications")
    runner.make_psycopg_green(settings["postgresql"]["statement"])
    settings["notifications"]["delivery"]["lease"] = 2
    runner.run({"notifications.deliveries": settings})
