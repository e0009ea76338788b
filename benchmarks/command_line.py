"""Compare the start of the command line with the start of Python.

    python benchmarks/command_line.py [--rounds 15] [--smallest]

| contender | what is measured |
|---|---|
| nbyard --help | the nouns and commands |
| nbyard runs --help | the commands of one noun |
| completion | what a shell asks after `nbyard runs ` |
| nbyard run | a notebook of three cells through a running dispatcher, forced |
| nbyard run, warm | the same in a fork of the process that an earlier command left |
| floor: python | `python -c pass` |
| floor: click | `import click`, the library of the command line |
| floor: sqlalchemy | `import sqlalchemy`, which every command needs that opens the store |

One table has the time until the command is over, another one the processor time of its process.
The processor time of the dispatcher and of the warm process is in neither.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from notebook_overhead import dispatcher, write
from parts.paired import Work, measure, options_of, report

NBYARD = (sys.executable, "-m", "nbyard.cli.main")
WARM = (sys.executable, "-c", "from nbyard.cli.warm_shell import main; main()")
PYTHON = "floor: python"
COMPLETION = {
    "_NBYARD_COMPLETE": "bash_complete",
    "COMP_WORDS": "nbyard runs ",
    "COMP_CWORD": "2",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = options_of(parser, rounds=1)
    with tempfile.TemporaryDirectory() as name, dispatcher(Path(name)) as yard:
        notebook = str(write(Path(name) / "three.ipynb"))
        store = yard.settings.environment()
        commands: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
            "nbyard --help": ((*NBYARD, "--help"), {}),
            "nbyard runs --help": ((*NBYARD, "runs", "--help"), {}),
            "completion": (NBYARD, COMPLETION),
            "nbyard run": ((*NBYARD, "run", notebook, "--force"), store),
            "nbyard run, warm": ((*WARM, "run", notebook, "--force"), store),
            PYTHON: ((sys.executable, "-c", "pass"), {}),
            "floor: click": ((sys.executable, "-c", "import click"), {}),
            "floor: sqlalchemy": ((sys.executable, "-c", "import sqlalchemy"), {}),
        }
        for title, called in (("wall time", wall), ("processor time", processor)):
            contenders: dict[str, Work] = {
                name: partial(called, words, variables)
                for name, (words, variables) in commands.items()
            }
            seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
            report(f"The command line, {title}", seconds, (PYTHON,))


def wall(words: tuple[str, ...], variables: dict[str, str]) -> None:
    """Run a command, so that the time until its end is measured."""
    processor(words, variables)


def processor(words: tuple[str, ...], variables: dict[str, str]) -> float:
    """Run a command and return the processor time of its process."""
    devnull = subprocess.DEVNULL
    process = subprocess.Popen(
        words, env={**os.environ, **variables}, stdout=devnull, stderr=devnull
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
