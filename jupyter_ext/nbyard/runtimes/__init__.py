"""Runtimes run attempts: as processes, in containers or on Dask (entry points `nbyard.runtimes`).

`protocol` defines their interface: a runtime starts, polls and stops attempts and reads their logs.
It also finds the installed runtimes. Results come back in the attempt folder.
"""
