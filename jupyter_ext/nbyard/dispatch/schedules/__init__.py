"""Create the runs of due schedules: each due time gets a tick, in one transaction with its run."""
