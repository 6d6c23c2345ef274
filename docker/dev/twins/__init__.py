"""What the stand-ins for vendors share: a small HTTP server, and faults that tests script."""
