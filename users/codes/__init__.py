"""One-time codes: they verify e-mail addresses and phone numbers, and reset passwords."""
