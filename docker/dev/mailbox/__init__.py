"""A real SMTP server that delivers nothing: every message becomes a file that people and tests can read.

Over HTTP: `/` for people; GET /messages (`?to=` an address), GET /messages/<id>, DELETE /messages for tests;
and faults (`docker.dev.twins.faults`), each key a phase of the SMTP dialogue:

    {"mail": "421 closing"}            the answer to MAIL FROM
    {"rcpt": "550 no such user"}       the answer to RCPT TO; with "to" only for that address
    {"data": "452 disk full"}          the answer to the message, which is not kept
    {"hang": 20}                       seconds of silence before the answer to the message
    {"drop": true}                     the message is kept and the connection dies before its answer
"""
