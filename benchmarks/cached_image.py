"""Compare rebuilding an unchanged image in nbyard and in `docker build`.

    DOCKER_HOST=… python benchmarks/cached_image.py [--base IMAGE] [--rounds 10]
    python benchmarks/cached_image.py --own-engine [--smallest]

Both build the same Dockerfile with the same files beside it, which they have built before.

| contender | what is measured |
|---|---|
| docker build | `docker build --quiet` with the classic builder, whose cache has every step |
| nbyard | from `images.build` until the image is *ready*, through a running dispatcher |
| nbyard, engine alone | the part of it that calls the engine |
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from notebook_overhead import SECONDS, dispatcher
from parts.engines import engine_options, engine_settings
from parts.paired import Work, measure, options_of, print_line, report
from peers.environments import CannotTakePart

from nbyard.dockerd import Engine
from nbyard.domain.callers import Caller
from nbyard.domain.images.structs import NamedImage, NewImage
from nbyard.host.wakeup import open_listener
from nbyard.images.builds import code_build_request, ensure_image
from nbyard.rest.identity import local_name
from nbyard.yard import Yard

TITLE = "An image that was built before"
OURS, TAG = "nbyard-benchmark/ours:1", "nbyard-benchmark/docker:1"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    engine_options(parser)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=20, help="of the Dockerfile")
    options = options_of(parser, rounds=1, steps=2, own_engine=True)
    try:
        compare(options)
    except CannotTakePart as error:
        print_line(TITLE, left_out={"nbyard": str(error)})


def compare(options: argparse.Namespace) -> None:
    """Measure both builders on an engine."""
    with (
        tempfile.TemporaryDirectory() as name,
        engine_settings(options) as settings,
        dispatcher(Path(name), **settings) as yard,
    ):
        bench = Bench(Path(name) / "tool", yard, options.steps)
        contenders: dict[str, Work] = {
            "docker build": bench.docker,
            "nbyard": bench.ours,
            "nbyard, engine alone": bench.engine_alone,
        }
        # the warm-up round builds the image, the measured rounds rebuild it
        seconds = measure(contenders, options.rounds, warm_up=True)
        bench.clear()
    report(TITLE, seconds, ("docker build",))


class Bench:
    """The Dockerfile with its files, and the ways to build it."""

    def __init__(self, folder: Path, yard: Yard, steps: int):
        folder.mkdir()
        self._folder = folder
        self._yard = yard
        self._made = ""
        self._caller = Caller(local_name())
        self._engine = Engine(yard.settings.docker_host)
        for number in range(steps):
            (folder / f"file{number}").write_text(f"{number}\n" * 1000)
        copies = "".join(f"COPY file{number} /\n" for number in range(steps))
        base = yard.settings.docker_base_image
        (folder / "Dockerfile").write_text(f"FROM {base}\n{copies}")

    def docker(self) -> None:
        """Build with `docker build`."""
        told = {**os.environ, "DOCKER_HOST": self._engine.url, "DOCKER_BUILDKIT": "0"}
        words = ["docker", "build", "--quiet", "--tag", TAG, str(self._folder)]
        subprocess.run(words, check=True, capture_output=True, timeout=SECONDS, env=told)

    def ours(self) -> None:
        """Build with nbyard, and wait until the image is ready."""
        images = self._yard.services.images
        body = NewImage(path=str(self._folder / "Dockerfile"), tag=OURS)
        made = images.build(self._caller, body)
        with open_listener(self._yard.store.folder) as listener:
            while made.state not in ("ready", "failed"):
                made = images.get(self._caller, made.id)
                if made.state not in ("ready", "failed"):
                    listener.wait(0.5)
        check(made)

    def engine_alone(self) -> None:
        """Build with the part of nbyard that calls the engine."""
        wish = code_build_request(self._folder, "Dockerfile")
        self._made = ensure_image(self._engine, wish, lambda line: None).reference

    def clear(self) -> None:
        """Delete the images."""
        for one in (TAG, OURS, self._made):
            self._engine.remove_image(one)
        self._engine.close()


def check(made: NamedImage) -> None:
    """Check that the build has succeeded."""
    assert made.state == "ready", made.reason


if __name__ == "__main__":
    main()
