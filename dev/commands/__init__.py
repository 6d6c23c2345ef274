"""The commands of `make`, except those of `dev.suite`."""
