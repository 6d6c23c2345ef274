"""What a release promises of the wire, and whether this tree keeps it."""
