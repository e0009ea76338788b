"""Attempts in containers of a Docker engine, which need not see our files.

All that matters is in the engine and in the folder of the attempt; what is kept in memory may
vanish at any moment.

    runtime               the four verbs and the sweep
    attempt               one attempt in a container of its own
    guest                 one in a container that others had before
    warm, seats           the containers that a run keeps, and the place of one on our side
    specs                 from an order to a container
    networks              one for each run
    folder                the attempt's folder on our side: made ready, taken back
    transfer              its files to and fro, where the engine does not see it
    other_files           those that the work wrote beside its outputs, out of an archive
    feeding               standard input
    logs                  what a container prints
    collector             what a command with secrets prints, kept out of the engine's log
    listening             what a runner in it says
    metering              what a command in it uses
    gpus                  whether those that were granted were given
    deadline              when it has run for as long as it may
    killing               told to end, and killed
    results               what became of a container, in words
    asking, locks         what is installed in an image
    deployed              the container of a deployment
    strays                what is left of deployments that are gone
"""

from nbyard.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
