"""Load for the platform. The clients share its processors, so they do as little as possible."""
