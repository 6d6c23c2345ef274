"""Commands for operators, run as `python -m chassis.commands.<name>`."""
