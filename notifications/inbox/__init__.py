"""Inboxes: listing, read state, replay for websockets, and updates of posts."""
