"""Commands that create and change schedules, and run their past due times."""
