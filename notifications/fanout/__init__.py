"""Notifications to users: the fan-out of a post to all active users, and direct notifications to one."""
