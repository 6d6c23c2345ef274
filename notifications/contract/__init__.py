"""Messages and events of notifications and deliveries. Import them from here, and `errors` as a module."""
# ruff: noqa: F403 - each module defines its names once, and all of them are public

from notifications.contract.deliveries import *
from notifications.contract.events import *
from notifications.contract.export import *
from notifications.contract.inbox import *
from notifications.contract.presence import *
from notifications.contract.replay import *
