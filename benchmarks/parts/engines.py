"""Choose the Docker engine of a benchmark: that of DOCKER_HOST, or a private one."""

import argparse
import contextlib
from collections.abc import Iterator

from peers.containers import engine_with_base

from nbyard.settings import Settings


def engine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the engine and the base image."""
    parser.add_argument("--base", default=Settings().docker_base_image, help="the base image")
    own = "start an engine with a base image of the tests; needs root and dockerd"
    parser.add_argument("--own-engine", action="store_true", help=own)


@contextlib.contextmanager
def engine_settings(options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Yield nbyard's settings for the engine, which runs during the block.

    Raises:
        CannotTakePart: no engine can be started here.
    """
    if not options.own_engine:
        yield {"docker_base_image": options.base}
        return
    with engine_with_base() as (url, base):
        yield {"docker_host": url, "docker_base_image": base, "docker_build_network": "none"}
