"""Commands that create and change automations, and run their past due times."""
