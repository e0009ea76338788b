"""Run a graph.json as a Prefect flow: prefect_graph.py FOLDER WORKERS."""

import json
import subprocess
import sys
from pathlib import Path

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

FOLDER, WORKERS = Path(sys.argv[1]), int(sys.argv[2])


@task
def command(code, step):
    words = ["sh", code, str(step["number"]), step["output"], step["input"]]
    subprocess.run(words, check=True)


@task
def notebook(code, step):
    import papermill

    given = {"number": step["number"], "output_txt": step["output"], "input_txt": step["input"]}
    papermill.execute_notebook(code, step["executed"], given, progress_bar=False)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=WORKERS))
def whole():
    told = json.loads((FOLDER / "graph.json").read_text())
    work = {"notebook": notebook, "command": command}[told["kind"]]
    done = {}
    for step in told["steps"]:
        before = [done[step["before"]]] if step["before"] else []
        done[step["name"]] = work.submit(told["code"], step, wait_for=before)
    for future in done.values():
        future.result()


if __name__ == "__main__":
    whole()
