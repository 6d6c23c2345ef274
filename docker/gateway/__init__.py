"""The gateway's image."""
