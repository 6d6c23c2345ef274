"""The checks and tests: `steps` lists them, `runner` runs them, `commands` are the commands of `make`."""
