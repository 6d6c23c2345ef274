"""Notifications: inbox, real time, e-mail and SMS."""
