"""Run a graph.json as Luigi tasks."""

import functools
import json
import subprocess
from pathlib import Path

import luigi


@functools.cache
def graph(place):
    told = json.loads(Path(place, "graph.json").read_text())
    return told, {step["name"]: step for step in told["steps"]}


class Step(luigi.Task):
    place = luigi.Parameter()
    step = luigi.Parameter()

    @property
    def told(self):
        return graph(self.place)[1][self.step]

    def requires(self):
        return [Step(self.place, self.told["before"])] if self.told["before"] else []

    def output(self):
        return luigi.LocalTarget(self.told["output"])

    def run(self):
        whole, step = graph(self.place)[0], self.told
        if whole["kind"] == "command":
            words = ["sh", whole["code"], str(step["number"]), step["output"], step["input"]]
            subprocess.run(words, check=True)
        else:
            import papermill

            given = {"number": step["number"], "output_txt": step["output"]}
            given["input_txt"] = step["input"]
            papermill.execute_notebook(whole["code"], step["executed"], given, progress_bar=False)


class Whole(luigi.WrapperTask):
    place = luigi.Parameter()

    def requires(self):
        return [Step(self.place, name) for name in graph(self.place)[1]]
