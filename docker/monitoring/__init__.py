"""Prometheus, its alerts, and Grafana's dashboards as code."""
