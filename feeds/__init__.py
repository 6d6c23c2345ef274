"""The feeds service: posts."""
