"""Deliveries by e-mail and SMS: claims, sending, receipts, and what operators do to them."""
