"""Messages and events of the users service. Import them from here, and `errors` as a module."""
# ruff: noqa: F403 - each module defines its names once, and all of them are public

from users.contract.accounts import *
from users.contract.codes import *
from users.contract.events import *
from users.contract.export import *
from users.contract.fields import *
from users.contract.history import *
from users.contract.identities import *
from users.contract.messages import *
from users.contract.operators import *
from users.contract.recipients import *
from users.contract.second_factor import *
from users.contract.sessions import *
