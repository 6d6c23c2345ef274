"""Delivery channels: the registry, and one folder per channel."""
