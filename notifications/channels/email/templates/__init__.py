"""Jinja2 templates of e-mails: text and HTML."""
