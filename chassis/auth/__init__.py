"""Tokens between services: who calls, with which key it is signed, and who may call what."""
