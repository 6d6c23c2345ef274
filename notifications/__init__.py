"""Who is told, and how: inbox, e-mail, SMS."""
