"""Runs attempts in containers of a Docker engine, which may have no access to local files.

All state is in the engine and in the attempt folder. Anything in memory may be lost at any time.

    runtime               start, poll, logs, stop, and the sweep
    attempt_container_spec  builds the specification of a container from an order
    networks              one network for each run
    attempts              one attempt in its container, from input to outcome
    files                 attempt folders, their transfer, and copied logs
    image_checks          short-lived containers that answer one question about an image
    warm_containers       the pool of containers that serve several notebooks of a run
    warm_attempt          one attempt in such a container
    deployment_containers  the containers of deployments, and those that are gone
"""

from nbyard.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
