"""HTTP and websockets in, RPC out.

`app` and what it imports run under Flask and gevent and know nothing of Nameko's runtime; `service` is the
gateway's own Nameko class, which keeps the routing information and the read model of authors.
"""
