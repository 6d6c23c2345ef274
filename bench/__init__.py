"""Measures the speed of the platform: `make bench`, explained in docs/performance.md.

data         users, posts and inbox rows in bulk, and counts of them
measure      CPU time and memory of each program, latencies, and what a scenario returns
load         wrk, HTTP requests at a rate or some at a time, websockets
platform     the platform that is measured, on servers of its own
faults       what a platform is to survive
scenarios    what is measured, a module each
report       the table, the JSON file and the picture
compare      two revisions in turn

Each of these imports only those above it.
"""
