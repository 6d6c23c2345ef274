"""The SMS channel: Africa's Talking."""
