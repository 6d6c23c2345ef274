"""The route table, and what operators override at run time."""
