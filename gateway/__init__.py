"""The gateway: HTTP and websockets for clients, RPC calls to the services.

`app` and what it imports run under Flask and gevent, without Nameko's runtime; `service` is the gateway's Nameko class,
which keeps the routing information and the read model of authors.
"""
