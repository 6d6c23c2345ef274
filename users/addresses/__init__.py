"""E-mail addresses: where notices of security go."""
