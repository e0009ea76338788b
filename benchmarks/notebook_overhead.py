"""Compare one notebook of three cells in nbyard and in papermill.

    python benchmarks/notebook_overhead.py [--rounds 7] [--smallest]

| contender | what is measured |
|---|---|
| nbyard, submit to succeeded | a process run through a running dispatcher, forced |
| nbyard run, command line | the same, with the start of the command |
| nbyard runner alone | the runner on an attempt folder, without store and dispatcher |
| papermill, command line | `papermill IN OUT -p …` |
| papermill, warm process | `papermill.execute_notebook` in a process that did it before |
| floor: python | `python -c pass` |
| floor: ipykernel | start a kernel, wait until it responds, and stop it |
"""

import argparse
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from parts.paired import Work, measure, options_of, report

from nbyard.attempts import folders
from nbyard.discover import LocalNoun
from nbyard.domain.attempts.structs import NotebookWork, TaskFile
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.host.wakeup import open_listener
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard

CELLS = ("x = 1", "y = x + 1", "print(y)")
ENDED = ("succeeded", "failed", "cancelled")
SECONDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = options_of(parser, rounds=1)
    with tempfile.TemporaryDirectory() as name, dispatcher(Path(name)) as yard:
        folder = Path(name)
        notebook = write(folder / "three.ipynb")
        contenders: dict[str, Work] = {
            "nbyard, submit to succeeded": partial(submit, yard, notebook),
            "nbyard run, command line": partial(nbyard_run, yard, notebook),
            "nbyard runner alone": partial(runner, folder, notebook),
            "papermill, command line": partial(papermill_command, folder, notebook),
            "papermill, warm process": partial(papermill_warm, folder, notebook),
            "floor: python": partial(run, sys.executable, "-c", "pass"),
            "floor: ipykernel": kernel,
        }
        seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
    against = ("papermill, command line", "papermill, warm process")
    report("A notebook of three cells", seconds, against)


def write(path: Path, kernel: str = "python3", language: str = "python") -> Path:
    """Write the notebook of three cells and return its path."""
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": kernel,
        "display_name": kernel,
        "language": language,
    }
    nbformat.write(notebook, path)
    return path


@contextlib.contextmanager
def dispatcher(folder: Path, **options: Any) -> Iterator[Yard]:
    """Open a store whose dispatcher runs until the end of the block."""
    settings = Settings(store_dir=str(folder / "store"), idle_seconds=600.0, **options)
    with Yard.open(settings, start=folder) as yard:
        try:
            yield yard
        finally:
            with yard.store.read() as c:
                lease = yard.store.leases.get(c, "dispatcher")
            if lease is not None:
                end(int(lease.holder.split(":")[1]))


def end(pid: int) -> None:
    """Stop the dispatcher and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)


def submit(yard: Yard, notebook: Path) -> None:
    """Run the notebook in nbyard, and wait until it has succeeded."""
    runs: Any = LocalNoun(yard.services, "runs", Caller(local_name()))
    made = runs.create(body=NewRun(path=str(notebook), force=True))
    deadline = time.monotonic() + SECONDS
    with open_listener(yard.store.folder) as listener:
        while (state := runs.get(run=made.id).run.state) not in ENDED:
            assert time.monotonic() < deadline, "the run does not end"
            listener.wait_for_news(0.5)
    assert state == "succeeded", state


def nbyard_run(yard: Yard, notebook: Path) -> None:
    """Run the notebook with `nbyard run`."""
    command = [sys.executable, "-m", "nbyard.cli.main", "run", str(notebook), "--force"]
    run(*command, variables=yard.settings.environment())


def runner(folder: Path, notebook: Path) -> None:
    """Run the notebook with the runner alone."""
    attempt_id = secrets.token_hex(8)
    attempt = folder / "alone" / attempt_id
    (attempt / "code").mkdir(parents=True)
    (attempt / "code" / notebook.name).write_bytes(notebook.read_bytes())
    work = NotebookWork(f"code/{notebook.name}", "python3", "python", {"x": 1})
    folders.write_task(attempt, TaskFile(attempt_id, "token", secrets.token_hex(8), work, {}))
    run(sys.executable, "-m", "nbyard.runner", "--foreground", str(attempt))
    result = folders.read_result(attempt)
    assert result is not None and result.state == "succeeded", result


def papermill_command(folder: Path, notebook: Path) -> None:
    """Run the notebook with papermill's command line."""
    out = str(folder / "papermill.ipynb")
    run(sys.executable, "-m", "papermill", str(notebook), out, "-p", "x", "1")


def papermill_warm(folder: Path, notebook: Path) -> None:
    """Run the notebook with papermill's API in this process."""
    import papermill

    out = str(folder / "warm.ipynb")
    papermill.execute_notebook(str(notebook), out, parameters={"x": 1}, progress_bar=False)


def kernel() -> None:
    """Start and stop a kernel."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(*command: str, variables: dict[str, str] | None = None) -> None:
    """Run a command; raise an error if it fails."""
    environment = {**os.environ, **(variables or {})}
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=SECONDS)


if __name__ == "__main__":
    main()
