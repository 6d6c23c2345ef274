"""The export of what all services store about a user: made in the background, kept for some days, read as a file."""
