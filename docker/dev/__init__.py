"""The platform on one bare Debian machine: private servers, all processes under one supervisor, the tests."""
