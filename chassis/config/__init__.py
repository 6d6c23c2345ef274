"""The configuration in config.yml: reads it, and checks the values of variables."""

from chassis.config.loader import FILE, MissingConfiguration, load, service_names, service_of

__all__ = ["FILE", "MissingConfiguration", "load", "service_names", "service_of"]
