"""What users, staff and operators do with accounts: open, update, close and delete them."""
