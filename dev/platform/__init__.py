"""One running platform, an *instance*: its directory .run/<name>, environment, servers and processes."""
