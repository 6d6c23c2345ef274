"""E-mail addresses: where security notices go, and how the owner restores one that was changed."""
