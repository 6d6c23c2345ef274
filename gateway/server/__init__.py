"""gunicorn: settings, the worker class, and errors in HTTP itself."""
