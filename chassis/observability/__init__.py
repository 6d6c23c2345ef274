"""Logs, metrics, traces and error reports, and the request id that connects them."""
