"""Times: when a run is due, in words, and which missed due times are caught up.

The functions are pure: the present time is always an argument.
"""
