"""Logs, metrics, traces and error reports, which share a request id."""
