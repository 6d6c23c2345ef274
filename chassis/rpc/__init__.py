"""RPC entrypoints, calls to other services, and a service's description of its methods."""
