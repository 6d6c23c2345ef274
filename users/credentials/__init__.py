"""Passwords: policy, hashing, authentication, failed logins."""
