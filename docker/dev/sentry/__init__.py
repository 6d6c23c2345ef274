"""Sentry's ingestion without Sentry: takes the envelopes that its SDK sends, and shows the events in them.

Over HTTP: `/` for people; GET /messages, DELETE /messages for tests; and faults (`docker.dev.twins.faults`):

    {"status": 500}     the answer to an envelope, which is not kept
    {"hang": 20}        seconds of silence before the answer
"""
