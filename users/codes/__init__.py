"""One-time codes: they verify e-mail addresses and phone numbers, reset passwords, and sign in on new devices."""
