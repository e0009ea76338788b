"""Attempts in containers of a Docker engine, which need not see our files."""

from nbyard.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
