"""The folder of an attempt, written for the runner and read by the dispatcher, and the Monitor
links of running attempts.
"""
