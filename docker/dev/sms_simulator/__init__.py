"""A real HTTP server that speaks Africa's Talking's bulk SMS API as its SDK calls it, and sends nothing.

POST /version1/messaging is the vendor's; `/` is for people; GET /messages (`?to=` a number), DELETE /messages and POST
/opt-out (a form with `phoneNumber`, which is posted to the customer) are for tests, as are faults
(`docker.dev.twins.faults`):

    {"status": 500, "text": "..."}     an HTTP error; nothing is accepted
    {"hang": 20}                       accepted, then seconds of silence before the answer
    {"close": true}                    accepted, then the connection ends without an answer
    {"plain": "OK"}                    accepted, then a text instead of JSON
    {"declared": "text/json"}          accepted, then the answer under another content type
    {"report": {"status": "Failed"}}   what the delivery report says; also `reason`; `times`: 0 is none, 2 twice;
                                       `after` so many seconds; `early`: before the answer; with "to" only for a number
    {"verdict": 405}                   this status code for every recipient; with "to" only for that number

Without any fault the last four digits of a number decide its fate, see `judging`.
"""
