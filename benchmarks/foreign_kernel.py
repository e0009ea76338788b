"""Compare a notebook of three cells with a kernel of another environment, or with R's.

    python benchmarks/foreign_kernel.py [--rounds 7] [--smallest]

| contender | what is measured |
|---|---|
| nbyard, ready | a process run through a running dispatcher that keeps kernels ready, forced |
| nbyard, started | the same with `ready_kernels` 0 |
| papermill, command line | `papermill IN OUT -k KERNEL -p …` in nbyard's environment |
| papermill, warm process | `papermill.execute_notebook` in a process that did it before |
| floor: the kernel | start it, wait until it responds, and stop it |

The script creates the other environment: a venv with ipykernel. R is measured if it is installed
with IRkernel. After each measurement of nbyard the script waits for the next kernel. `--smallest`
measures only the other environment, which then sees nbyard's packages.
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
from parts.paired import Work, measure, options_of, print_line, report

from nbyard.yard import Yard

# The owner of a kernel, and its language.
KERNELS = {"other": ("another environment", "python"), "ir": ("R", "R")}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    pause = "seconds after a run of nbyard, in which the next kernel starts"
    parser.add_argument("--pause", type=float, default=2.0, help=pause)
    options = options_of(parser, rounds=1, pause=0.5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
        install(folder, "other", python(folder, is_linked=options.smallest))
        compare(folder / "other", "other", options)
        if options.smallest:
            return
        if reason := why_no_r():
            print_line(title("ir"), left_out={"R": reason})
        else:
            install(folder, "ir", ["R", "--slave", "-e", "IRkernel::main()", "--args"])
            compare(folder / "ir", "ir", options)


def title(kernel: str) -> str:
    """Return the title of the comparison for a kernel."""
    return f"A notebook of three cells, kernel of {KERNELS[kernel][0]}"


def compare(folder: Path, kernel: str, options: argparse.Namespace) -> None:
    """Measure all contenders with a kernel."""
    folder.mkdir()
    notebook = write(folder / "three.ipynb", kernel, KERNELS[kernel][1])
    with (
        dispatcher(folder / "ready") as ready,
        dispatcher(folder / "started", ready_kernels=0) as started,
    ):
        contenders: dict[str, Work] = {
            "nbyard, ready": partial(quietly, ready, notebook, options.pause),
            "nbyard, started": partial(quietly, started, notebook, options.pause),
            "papermill, command line": partial(papermill_command, folder, notebook, kernel),
            "papermill, warm process": partial(papermill_warm, folder, notebook, kernel),
            "floor: the kernel": partial(alone, kernel),
        }
        quietly(ready, notebook, options.pause)  # from now on a kernel is ready
        seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
    report(title(kernel), seconds, list(contenders)[1:4])


def python(folder: Path, *, is_linked: bool) -> list[str]:
    """Create the other environment and return the command that starts its kernel.

    A linked environment sees nbyard's packages, so nothing is installed.
    """
    environment = folder / "environment"
    python = str(environment / "bin/python")
    words = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(words, check=True, capture_output=True)
    if is_linked:
        (packages,) = environment.glob("lib/python3*/site-packages")
        known = [path for path in sys.path if path.endswith("-packages")]
        (packages / "linked.pth").write_text("\n".join(known))
    else:
        uv = [found, "pip", "install", "--python", python] if (found := shutil.which("uv")) else []
        pip = [sys.executable, "-m", "pip", "--python", python, "install"]
        words = [*(uv or pip), "--quiet", "ipykernel"]
        subprocess.run(words, check=True, capture_output=True)
    return [python, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f"]


def why_no_r() -> str:
    """Return why R cannot be measured, or an empty text."""
    if not shutil.which("R"):
        return "R is not installed"
    words = ["R", "--slave", "-e", "IRkernel::main"]
    ended = subprocess.run(words, capture_output=True, check=False)
    return "R has no IRkernel" if ended.returncode else ""


def install(folder: Path, kernel: str, argv: list[str]) -> None:
    """Install the kernelspec where all contenders find it."""
    place = folder / "jupyter" / "kernels" / kernel
    place.mkdir(parents=True)
    spec = {"argv": [*argv, "{connection_file}"], "display_name": kernel}
    spec["language"] = KERNELS[kernel][1]
    (place / "kernel.json").write_text(json.dumps(spec))


def quietly(yard: Yard, notebook: Path, pause: float) -> float:
    """Run the notebook, and wait for the next kernel after the measurement."""
    begun = time.perf_counter()
    submit(yard, notebook)
    seconds = time.perf_counter() - begun
    time.sleep(pause)
    return seconds


def papermill_command(folder: Path, notebook: Path, kernel: str) -> None:
    """Run the notebook with papermill's command line."""
    out = str(folder / "papermill.ipynb")
    words = [sys.executable, "-m", "papermill", str(notebook), out]
    run(*words, "-k", kernel, "-p", "x", "1")


def papermill_warm(folder: Path, notebook: Path, kernel: str) -> None:
    """Run the notebook with papermill's API in this process."""
    import papermill

    out = str(folder / "warm.ipynb")
    papermill.execute_notebook(
        str(notebook), out, parameters={"x": 1}, kernel_name=kernel, progress_bar=False
    )


def alone(kernel: str) -> None:
    """Start and stop the kernel."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name=kernel)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
