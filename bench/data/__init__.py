"""Users, posts and inbox rows, inserted in bulk and counted in the databases."""
