"""An SMTP server that stores every message as a file and delivers nothing. GET /messages/<id> has a whole message.

The keys of its faults are phases of the SMTP dialogue:

    {"mail": "421 closing"}            the reply to MAIL FROM
    {"rcpt": "550 no such user"}       the reply to RCPT TO; with "to" only for that address
    {"data": "452 disk full"}          the reply to the message, which is not stored
    {"hang": 20}                       seconds before the reply to the message
    {"drop": true}                     the message is stored and the connection ends before the reply
"""
