"""The few HTML pages that people see in a browser."""
