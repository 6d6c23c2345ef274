"""A real HTTP server that speaks Africa's Talking's bulk SMS API as its SDK calls it, and sends nothing.

POST /version1/messaging is the vendor's; GET /messages (`?to=` a number) and DELETE /messages are for tests,
as are faults (`docker.dev.twins.faults`):

    {"status": 500, "text": "..."}     an HTTP error; nothing is accepted
    {"hang": 20}                       accepted, then seconds of silence before the answer
    {"close": true}                    accepted, then the connection ends without an answer
    {"plain": "OK"}                    accepted, then a text instead of JSON
    {"verdict": 405}                   this status code for every recipient; with "to" only for that number

Without any fault the last four digits of a number decide its fate, see `judging`.
"""
