"""The users service: accounts, credentials and sessions."""
