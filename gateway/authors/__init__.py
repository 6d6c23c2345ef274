"""The read model of authors: usernames by id, kept from events, and joined into posts."""
