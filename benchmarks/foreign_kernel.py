"""What a notebook of three cells costs with the kernel of another environment, and with R's: one
that was ready, one that is started, and papermill with the same kernel.

    python benchmarks/foreign_kernel.py [--rounds 7]

| contender | what is measured |
|---|---|
| nbyard, ready | a process run through a dispatcher that is up and keeps kernels ready, forced |
| nbyard, started | the same where `ready_kernels` is 0 |
| papermill, command line | `papermill IN OUT -k KERNEL -p …` in the environment of nbyard |
| papermill, warm process | `papermill.execute_notebook` in a process that did it before |
| floor: the kernel | start it until it answers, and end it |

The other environment is made by the script: a venv with ipykernel. R is measured where it is
installed with IRkernel. Between two measurements it is waited until the next kernel stands by.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from notebook_overhead import dispatcher, run, submit, write
from paired import Work, measure, report

from nbyard.yard import Yard

# Whose kernel it is, and its language.
KERNELS = {"other": ("another environment", "python"), "ir": ("R", "R")}
# A kernel of the pool comes up, and the machine is quiet again.
PAUSE_SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
        for kernel, argv in (("other", python(folder)), ("ir", r())):
            if argv:
                install(folder, kernel, argv)
                compare(folder / kernel, kernel, options.rounds)


def compare(folder: Path, kernel: str, rounds: int) -> None:
    whose, language = KERNELS[kernel]
    folder.mkdir()
    notebook = write(folder / "three.ipynb", kernel, language)
    with (
        dispatcher(folder / "ready") as ready,
        dispatcher(folder / "started", ready_kernels=0) as started,
    ):
        contenders: dict[str, Work] = {
            "nbyard, ready": partial(quietly, ready, notebook),
            "nbyard, started": partial(quietly, started, notebook),
            "papermill, command line": partial(papermill_command, folder, notebook, kernel),
            "papermill, warm process": partial(papermill_warm, folder, notebook, kernel),
            "floor: the kernel": partial(alone, kernel),
        }
        for work in contenders.values():
            work()  # imports, compiled files, dispatchers
        seconds = measure(contenders, rounds)
    against = ("nbyard, started", "papermill, command line", "papermill, warm process")
    report(f"A notebook of three cells, kernel of {whose}", seconds, against)


def python(folder: Path) -> list[str]:
    """How the kernel of another environment is started; the environment is made."""
    python = folder / "environment" / "bin" / "python"
    for words in (
        [sys.executable, "-m", "venv", str(folder / "environment")],
        [str(python), "-m", "pip", "install", "--quiet", "ipykernel"],
    ):
        subprocess.run(words, check=True, capture_output=True)
    return [str(python), "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f"]


def r() -> list[str]:
    """How that of R is; nothing where there is none."""
    words = ["R", "--slave", "-e", "IRkernel::main"]
    if not shutil.which("R") or subprocess.run(words, capture_output=True, check=False).returncode:
        sys.stderr.write("R is left out: it is not installed, or has no IRkernel\n")
        return []
    return ["R", "--slave", "-e", "IRkernel::main()", "--args"]


def install(folder: Path, kernel: str, argv: list[str]) -> None:
    """Where all contenders find it."""
    place = folder / "jupyter" / "kernels" / kernel
    place.mkdir(parents=True)
    spec = {"argv": [*argv, "{connection_file}"], "display_name": kernel}
    spec["language"] = KERNELS[kernel][1]
    (place / "kernel.json").write_text(json.dumps(spec))


def quietly(yard: Yard, notebook: Path) -> float:
    begun = time.perf_counter()
    submit(yard, notebook)
    seconds = time.perf_counter() - begun
    time.sleep(PAUSE_SECONDS)
    return seconds


def papermill_command(folder: Path, notebook: Path, kernel: str) -> None:
    out = str(folder / "papermill.ipynb")
    words = [sys.executable, "-m", "papermill", str(notebook), out]
    run(*words, "-k", kernel, "-p", "x", "1")


def papermill_warm(folder: Path, notebook: Path, kernel: str) -> None:
    import papermill

    out = str(folder / "warm.ipynb")
    papermill.execute_notebook(
        str(notebook), out, parameters={"x": 1}, kernel_name=kernel, progress_bar=False
    )


def alone(kernel: str) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name=kernel)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
