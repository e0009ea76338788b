"""Map graphs over a Dask cluster, one for each folder on stdin: dask_client.py ADDRESS WORKERS."""

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


def main(address, workers):
    with Client(address) as client:
        client.wait_for_workers(int(workers))
        print("done", flush=True)
        for line in sys.stdin:
            told = json.loads((Path(line.strip()) / "graph.json").read_text())
            work = {"notebook": notebook, "command": command}[told["kind"]]
            codes = [told["code"]] * len(told["steps"])
            client.gather(client.map(work, codes, told["steps"], pure=False))
            print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
