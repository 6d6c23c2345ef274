"""The fan-out of a post to all active users, and notifications to one user."""
