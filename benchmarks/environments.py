"""Compare creating an environment in nbyard with plain pip and plain uv.

    python benchmarks/environments.py [--rounds 3] [--lists small large] [--tools pip uv]
        [--smallest]

Every contender starts from nothing and ends with a new environment that contains the same list and
what a kernel needs. All use caches of archives, which the warm-up round fills.

| contender | what is measured |
|---|---|
| pip | `python -m venv`, then its `pip install` |
| uv | `uv venv`, then `uv pip install` |
| nbyard, pip | `environments.create` until *ready*: resolve, lock with hashes, install, kernel |
| nbyard, uv | the same |

After each measurement, the installed packages are compared with those of the round's first
contender.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from notebook_overhead import SECONDS, dispatcher
from parts.paired import Work, measure, options_of, report

from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import NewEnvironment
from nbyard.host.installers import KERNEL_PACKAGES
from nbyard.host.wakeup import open_listener
from nbyard.rest.identity import local_name
from nbyard.yard import Yard

LISTS = {
    "small": ("cowsay==6.1",),
    "large": ("pandas", "matplotlib", "sqlalchemy", "requests"),
}
TOOLS = ("pip", "setuptools", "uv")
ASK = """
import json
from importlib.metadata import distributions
print(json.dumps({found.metadata["Name"].lower(): found.version for found in distributions()}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lists", nargs="+", choices=LISTS, default=list(LISTS))
    parser.add_argument("--tools", nargs="+", choices=PLAIN, default=list(PLAIN))
    options = options_of(parser, rounds=1, lists=["small"], tools=["uv"])
    if options.smallest:
        os.environ["PIP_NO_COMPILE"] = "1"
    os.environ["JUPYTER_DATA_DIR"] = data = tempfile.mkdtemp()
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yards = {
                name: stack.enter_context(dispatcher(_made(folder / name), installer=name))
                for name in options.tools
            }
            missing = [tool for tool in PLAIN if tool not in options.tools]
            left_out = {
                f"{ours}{tool}": "not chosen" for tool in missing for ours in ("", "nbyard, ")
            }
            for name in options.lists:
                bench = Bench(folder, LISTS[name])
                plain: dict[str, Work] = {tool: partial(PLAIN[tool], bench) for tool in yards}
                contenders = plain | {
                    f"nbyard, {tool}": partial(bench.ours, yard) for tool, yard in yards.items()
                }
                # the warm-up round fills the caches
                seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
                words = f"{name}: {bench.count} packages installed"
                report(words, seconds, options.tools, left_out=left_out)
    finally:
        shutil.rmtree(data)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


class Bench:
    """One list of packages; each environment is checked and removed outside the measured time."""

    def __init__(self, folder: Path, packages: Sequence[str]):
        self._place = folder / "plain"
        self._packages = [*packages, *KERNEL_PACKAGES]
        self._asked = "\n".join(packages)
        self._known: dict[str, str] = {}
        self._caller = Caller(local_name())

    @property
    def count(self) -> int:
        """Return the number of installed packages."""
        return len(self._known)

    def pip(self) -> float:
        """Create an environment with pip; return the seconds."""
        python = self._place / "bin/python"
        return self._plain(
            [sys.executable, "-m", "venv", str(self._place)],
            [str(python), "-m", "pip", "install", "--quiet", *self._packages],
        )

    def uv(self) -> float:
        """Create an environment with uv; return the seconds."""
        python = str(self._place / "bin/python")
        return self._plain(
            ["uv", "venv", "--quiet", "--python", sys.executable, str(self._place)],
            ["uv", "pip", "install", "--quiet", "--python", python, *self._packages],
        )

    def _plain(self, *commands: Sequence[str]) -> float:
        start = time.perf_counter()
        for command in commands:
            subprocess.run(command, check=True, timeout=SECONDS * 5)
        took = time.perf_counter() - start
        self._check(self._place)
        shutil.rmtree(self._place)
        return took

    def ours(self, yard: Yard) -> float:
        """Create an environment with nbyard; return the seconds."""
        environments = yard.services.environments
        start = time.perf_counter()
        made = environments.create(self._caller, NewEnvironment("bench", self._asked))
        with open_listener(yard.store.folder) as listener:
            while made.current.state not in ("ready", "failed"):
                listener.wait(0.5)
                made = environments.get(self._caller, made.id)
        took = time.perf_counter() - start
        assert made.current.state == "ready", made.current.reason
        self._check(Path(made.current.place))
        environments.delete(self._caller, made.id)
        return took

    def _check(self, place: Path) -> None:
        """Check the packages and versions, without the tools that installed them."""
        done = subprocess.run([place / "bin/python", "-c", ASK], check=True, capture_output=True)
        found = json.loads(done.stdout)
        found = {name: version for name, version in found.items() if name not in TOOLS}
        self._known = self._known or found
        assert found == self._known, set(found.items()) ^ set(self._known.items())


PLAIN = {"pip": Bench.pip, "uv": Bench.uv}

if __name__ == "__main__":
    main()
