"""Removal of old rows, and of the data of deleted accounts."""
