"""The microservice chassis: everything technical that services share, and not one business word.

It imports no service. The modules that pull in eventlet (`rpc`, `client`, `events`, `relay`, `database`,
`runner`, `metrics_page`) are for Nameko processes; all others also serve the gateway's Flask processes.
"""

import warnings

# Both are known: Nameko 2 has no other runtime, and asks pkg_resources for its own version (setuptools < 82 is pinned).
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
