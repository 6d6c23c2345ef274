"""Checks of RFC 9112 that gunicorn does not make."""

import re

from gunicorn.http.errors import InvalidHeader
from gunicorn.http.message import Request

HIGHEST = (1, 1)  # the version of HTTP that the server speaks
# A host, which may be empty, and a port (RFC 3986, section 3.2).
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")


class StrictRequest(Request):
    """A request with a valid Host (section 3.2), whose answer has a version that the server speaks (section 2.3)."""

    version: tuple[int, int]

    def set_body_reader(self) -> None:
        """Check the head, before the body is read. Raises InvalidHeader, which is answered with 400."""
        super().set_body_reader()
        self._check_host()
        self.version = min(self.version, HIGHEST)  # gunicorn answers with the version of the request

    def _check_host(self) -> None:
        hosts = [value for name, value in self.headers if name == "HOST"]
        if len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)) or (not hosts and self.version >= HIGHEST):
            raise InvalidHeader("HOST", req=self)
