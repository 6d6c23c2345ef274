"""Everything that runs the platform: images, compose, dashboards, and one machine without containers."""
