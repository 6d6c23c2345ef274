"""Local stand-ins for external services, with an HTTP interface for tests and users.

GET /messages lists what a fake has received (`?to=` an address or number), DELETE /messages deletes it, and GET / is a
page for users. POST /faults scripts a fault with JSON: its keys are those of the fake, `count` is how often it happens
(once), `to` limits it to one number or address. DELETE /faults removes the faults that have not happened yet.
"""
