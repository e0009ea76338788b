"""Commands that follow, show and delete runs."""
