"""What a notebook of three cells costs with the kernel of another environment: one that was ready,
one that is started, and papermill with the same kernel.

    python benchmarks/foreign_kernel.py [--rounds 7]

| contender | what is measured |
|---|---|
| nbyard, ready | a process run through a dispatcher that is up and keeps kernels ready, forced |
| nbyard, started | the same where `ready_kernels` is 0 |
| papermill, command line | `papermill IN OUT -k KERNEL -p …` in the environment of nbyard |
| papermill, warm process | `papermill.execute_notebook` in a process that did it before |
| floor: the kernel | start it until it answers, and end it |

The other environment is made by the script: a venv with ipykernel. Between two measurements it is
waited until the next kernel stands by.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from notebook_overhead import dispatcher, run, submit, write
from paired import Work, measure, report

from nbyard.yard import Yard

KERNEL = "other"
# A kernel of the pool comes up, and the machine is quiet again.
PAUSE_SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder)
        notebook = write(folder / "three.ipynb", KERNEL)
        with (
            dispatcher(folder / "ready") as ready,
            dispatcher(folder / "started", ready_kernels=0) as started,
        ):
            contenders: dict[str, Work] = {
                "nbyard, ready": partial(quietly, ready, notebook),
                "nbyard, started": partial(quietly, started, notebook),
                "papermill, command line": partial(papermill_command, folder, notebook),
                "papermill, warm process": partial(papermill_warm, folder, notebook),
                "floor: the kernel": kernel,
            }
            for work in contenders.values():
                work()  # imports, compiled files, dispatchers
            seconds = measure(contenders, options.rounds)
    against = ("papermill, command line", "papermill, warm process")
    report("A notebook of three cells, kernel of another environment", seconds, against)


def install(folder: Path) -> None:
    """Another environment, and its kernel where all contenders find it."""
    python = folder / "environment" / "bin" / "python"
    for words in (
        [sys.executable, "-m", "venv", str(folder / "environment")],
        [str(python), "-m", "pip", "install", "--quiet", "ipykernel"],
    ):
        subprocess.run(words, check=True, capture_output=True)
    argv = [str(python), "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
    argv += ["-f", "{connection_file}"]
    place = folder / "jupyter" / "kernels" / KERNEL
    place.mkdir(parents=True)
    spec = {"argv": argv, "language": "python", "display_name": KERNEL}
    (place / "kernel.json").write_text(json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(folder / "jupyter")


def quietly(yard: Yard, notebook: Path) -> float:
    begun = time.perf_counter()
    submit(yard, notebook)
    seconds = time.perf_counter() - begun
    time.sleep(PAUSE_SECONDS)
    return seconds


def papermill_command(folder: Path, notebook: Path) -> None:
    out = str(folder / "papermill.ipynb")
    words = [sys.executable, "-m", "papermill", str(notebook), out]
    run(*words, "-k", KERNEL, "-p", "x", "1")


def papermill_warm(folder: Path, notebook: Path) -> None:
    import papermill

    out = str(folder / "warm.ipynb")
    papermill.execute_notebook(
        str(notebook), out, parameters={"x": 1}, kernel_name=KERNEL, progress_bar=False
    )


def kernel() -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name=KERNEL)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
