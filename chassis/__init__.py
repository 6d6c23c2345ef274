"""The microservice chassis: everything technical that services share, and not one business word.

It imports no service. The modules that pull in eventlet (`rpc`, `client`, `events`, `relay`, `database`,
`runner`) are for Nameko processes; all others also serve the gateway's Flask processes.
"""
