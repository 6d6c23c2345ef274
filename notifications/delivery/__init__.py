"""Deliveries by e-mail, SMS and other channels: sending, receipts, and what operators do to them."""
