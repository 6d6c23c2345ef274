"""The HTTP API's description of itself: OpenAPI 3.1 at /openapi.json, and a page to read and try it at /docs/."""
