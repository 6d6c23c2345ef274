"""One HTTP request: its context, and the rates by which requests are limited."""
