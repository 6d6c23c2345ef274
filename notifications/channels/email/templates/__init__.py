"""The wording of mails, text and HTML (Jinja2)."""
