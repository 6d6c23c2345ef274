"""RPC: the messages, entrypoints, the client for services, and a service's description of its methods."""
