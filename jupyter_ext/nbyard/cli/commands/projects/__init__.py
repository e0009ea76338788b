"""Commands on projects: their records and links."""
