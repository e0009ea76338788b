"""Attempts in containers of a Docker engine, which may not see our files.

All state is in the engine and in the folder of the attempt. What is kept in memory can be lost
at any moment.

    runtime               start, poll, logs, stop, and the sweep
    specs                 from an order to a container
    networks              one for each run
    attempts              one attempt in its container, from input to outcome
    files                 attempt folders, their transfer, and copied logs
    checks                short-lived containers that answer one question
    warm                  containers that serve several notebooks of a run
    deployments           the container of a deployment
    orphans               containers of deployments that are gone
"""

from nbyard.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
