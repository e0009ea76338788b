"""The runtimes that come with nbyard, by name, for the rules that are about one of them. Others may
be installed beside them (entry points `nbyard.runtimes`)."""

PROCESS = "process"  # on this machine, with what is installed here
DOCKER = "docker"  # in containers of an engine
DASK = "dask"  # on workers of a cluster, in the Python that they have, never in an image
