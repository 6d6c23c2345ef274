"""Websockets: the endpoint, replay and live frames, and what watches the open connections."""
