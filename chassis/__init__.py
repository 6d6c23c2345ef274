"""The microservice chassis: the technical parts that services share. It contains nothing about their domains.

The modules that import eventlet are for Nameko processes. The import rule `flask-side` in setup.cfg lists them: the
gateway's Flask processes run under gevent and import none of them.
"""

import warnings

# Nameko 2 has no other runtime than eventlet, and imports pkg_resources (setuptools < 82 is pinned for it).
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
