"""What nbyard adds to a running Jupyter server: activity, metrics, renamed files, and a watchdog
for the dispatcher.
"""
