"""Where an attempt lives: in a process, a container or on Dask, behind `nbyard.runtimes`.

A runtime starts, polls, reads and stops attempts; `protocol` has these four verbs and the optional
ones. `registry` finds the installed runtimes. Results come back in the attempt's folder.
"""
