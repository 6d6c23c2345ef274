"""HTTP requests: the guard before Flask, parsing, the view, responses and problem documents."""
