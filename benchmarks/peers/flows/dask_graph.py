"""Map a graph.json over a Dask cluster: dask_graph.py ADDRESS FOLDER.

With a number instead of a folder, wait for as many workers.
"""

import json
import subprocess
import sys
from pathlib import Path

from distributed import Client


def command(code, step):
    words = ["sh", code, str(step["number"]), step["output"], step["input"]]
    subprocess.run(words, check=True)


def notebook(code, step):
    import papermill

    given = {"number": step["number"], "output_txt": step["output"], "input_txt": step["input"]}
    papermill.execute_notebook(code, step["executed"], given, progress_bar=False)


def main(address, work):
    with Client(address) as client:
        if work.isdigit():
            client.wait_for_workers(int(work))
            return
        told = json.loads((Path(work) / "graph.json").read_text())
        assert not any(step["before"] for step in told["steps"])
        function = {"notebook": notebook, "command": command}[told["kind"]]
        codes = [told["code"]] * len(told["steps"])
        client.gather(client.map(function, codes, told["steps"], pure=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
