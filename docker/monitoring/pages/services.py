"""The services without anything of their own to show."""

from docker.monitoring.pages.common import of_methods, of_process
from docker.monitoring.panels import Dashboard

USERS = Dashboard("users", "users", "Accounts and sessions.", [*of_methods("users"), *of_process("users")])


FEEDS = Dashboard("feeds", "feeds", "Posts.", [*of_methods("feeds"), *of_process("feeds")])
