"""Signed tokens between services, the keys that sign them, and access rules of RPC methods."""
