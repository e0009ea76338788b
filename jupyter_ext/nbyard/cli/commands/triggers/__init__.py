"""Commands that create, change and fire triggers."""
