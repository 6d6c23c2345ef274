"""A simulator of Africa's Talking's bulk SMS API, as its SDK calls it. It sends nothing.

POST /version1/messaging is the vendor's. GET /messages?to=<number>. POST /opt-out with a form (`phoneNumber`,
`senderId`) posts the vendor's notice that a user wants no more SMS. Its faults:

    {"status": 500}                    an HTTP error; nothing is accepted
    {"hang": 20}                       accepted, then seconds before the response
    {"close": true}                    accepted, then the connection ends without a response
    {"plain": "OK"}                    accepted, then a text instead of JSON
    {"declared": "text/json"}          accepted, then the response with another content type
    {"report": {"status": "Failed"}}   the delivery report; also `reason`; `times`: 0 for none, 2 for two; `after`
                                       seconds; `early`: before the response; with "to" only for that number
    {"verdict": 405}                   this status code for every recipient; with "to" only for that number

Without faults the last four digits of a number decide: see `rules`.
"""
