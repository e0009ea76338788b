"""What connects the processes of one store: starting the dispatcher, the secret shared by proxy
and container, and the crash points of the tests.
"""
