"""Notifications to users: the fan-out of a post to all active users, direct notifications and codes to one."""
