"""Due schedules become runs here: one tick for each due time, in one transaction with its run."""
