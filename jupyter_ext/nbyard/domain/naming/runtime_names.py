"""Names of nbyard's own runtimes, for rules about one of them.

Other runtimes may be installed (entry points `nbyard.runtimes`).
"""

PROCESS = "process"  # on this machine, with its installed packages
DOCKER = "docker"  # in containers of a container engine
DASK = "dask"  # on workers of a cluster, in the workers' Python, never in an image
